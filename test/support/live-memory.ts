import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const PAUSE_MS = 200;
/** Looking stops the work: it is to take no more than a tenth of the time, however slow the machine is. */
const PAUSES_PER_LOOK = 9;

/**
 * How many bytes more than before this process held at most while the work went on. Garbage does not count: when it is
 * collected is up to the machine.
 */
export async function extraMemoryDuring(work: Promise<unknown>): Promise<number> {
  const before = liveMemory();
  let peak = before;
  let over = false;
  const ended = work.finally(() => (over = true));
  const sampled = (async () => {
    for (let pauseMs = PAUSE_MS; ;) {
      await delay(pauseMs);
      if (over) return;
      const began = performance.now();
      peak = Math.max(peak, liveMemory());
      pauseMs = Math.max(PAUSE_MS, PAUSES_PER_LOOK * (performance.now() - began));
    }
  })();
  await Promise.all([ended, sampled]);
  return peak - before;
}

function liveMemory(): number {
  collect();
  // The memory of buffers is given back beside the program; a second collection waits for the first one's.
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
