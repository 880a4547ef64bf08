/**
 * Runs jobs one after the other. The first of a burst starts in the next round of the event loop, so that whatever
 * arrives in this one can still join it.
 */
export interface JobQueue {
  /** A job must not reject. */
  add(job: () => Promise<void>): void;
  /** Resolves once nothing is left to do. */
  idle(): Promise<void>;
}

/** Lets the event loop go round once. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Makes an empty queue. */
export function createJobQueue(): JobQueue {
  const jobs: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;
  const run = async () => {
    for (await turn(); jobs.length > 0; await turn()) await jobs.shift()!();
    running = undefined;
  };
  return {
    add(job) {
      jobs.push(job);
      running ??= run();
    },
    async idle() {
      while (running) await running;
    },
  };
}
