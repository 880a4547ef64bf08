import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap and of buffers outside it that cannot be collected. */
function held(): number {
  // What the first one finds dead may be let go by the next one only: weak references, buffers.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** How many bytes are held after the work and a collection that were not before it. */
export function retainedBy(work: () => Promise<void>): Promise<number>;
export function retainedBy(work: () => void): number;
export function retainedBy(work: () => void | Promise<void>): number | Promise<number> {
  const before = held();
  const grown = () => held() - before;
  const done = work();
  return done instanceof Promise ? done.then(grown) : grown();
}
