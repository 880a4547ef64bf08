import { sleep, type Clock, type Log, type Scope, type Timer, type Yielder } from "#base";
import type { QueuedPod, SchedulingQueue } from "./queue/scheduling-queue.ts";

export interface SchedulingLoopOptions {
  readonly queue: SchedulingQueue;
  /** Decides about one pod. */
  readonly schedule: (pod: QueuedPod) => Promise<void>;
  /** Resolves once another binding may begin. */
  readonly whenRoom: () => Promise<void> | undefined;
  readonly yielder: Yielder;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** Takes the pods from the queue one after the other, and sleeps until the next one is due. */
export class SchedulingLoop {
  readonly #options: SchedulingLoopOptions;
  /** `unstarted`: the cluster is not known yet. */
  #state: "unstarted" | "idle" | "running" = "unstarted";
  #alarm: Timer | undefined;

  constructor(options: SchedulingLoopOptions) {
    this.#options = options;
    options.scope.defer(() => this.#alarm?.cancel());
  }

  /** The cluster is known: the first pod may be scheduled. */
  start(): void {
    this.#state = "idle";
    this.wake();
  }

  /** Something has changed in the queue. */
  wake(): void {
    const { scope, log } = this.#options;
    if (this.#state !== "idle" || scope.signal.aborted) return;
    this.#state = "running";
    scope.run(
      "schedule",
      () => this.#run(),
      (error) => log.error("the scheduler failed", { error }),
    );
  }

  async #run(): Promise<void> {
    const { queue, schedule, whenRoom, yielder, clock, scope } = this.#options;
    const next = () => (scope.signal.aborted ? undefined : queue.pop(clock.monotonic()));
    try {
      // What arrives together is looked at together, the most important first.
      await sleep(clock, 0, scope.signal);
      queue.flush(clock.monotonic());
      for (let pod = next(); pod; pod = next()) {
        await schedule(pod);
        await whenRoom();
        await yielder();
      }
    } finally {
      this.#state = "idle";
      if (queue.ready(clock.monotonic())) this.wake();
      else this.#setAlarm();
    }
  }

  #setAlarm(): void {
    const { queue, clock, scope } = this.#options;
    this.#alarm?.cancel();
    const due = queue.dueAt();
    if (due === undefined || scope.signal.aborted) return;
    this.#alarm = clock.setTimeout(() => this.wake(), Math.max(1, due - clock.monotonic()));
  }
}
