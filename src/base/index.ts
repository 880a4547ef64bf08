export { assert, unreachable } from "./assert.ts";
export { BoundedMap } from "./bounded-map.ts";
export { every, sleep, systemClock, type Clock, type Timer } from "./clock.ts";
export { createLog, silentLog, type Log, type LogFields, type LogLevel, type LogSink } from "./log.ts";
export { messageOf } from "./message-of.ts";
export { createPacer, type Pacer } from "./pacer.ts";
export { createRandom, systemRandom, type Random } from "./random.ts";
export { createScope, ScopeClosed, type Scope } from "./scope.ts";
export { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";
export {
  CONTROLLER_BACK_OFF,
  createWorkQueue,
  type BackOff,
  type WorkQueue,
  type WorkQueueOptions,
} from "./work-queue.ts";
export { createYielder, type Yielder } from "./yielder.ts";
