export interface PullQueue<Outcome> {
  /**
   * Runs the task once there is room for it. While one with the same key waits or runs, its outcome is waited for
   * instead: equal pulls are one.
   */
  run(key: string, task: () => Promise<Outcome>): Promise<Outcome>;
}

/** At most `limit` pulls at a time, in the order in which they came (upstream maxParallelImagePulls). */
export function createPullQueue<Outcome>(limit: number): PullQueue<Outcome> {
  const waiting: (() => void)[] = [];
  const underWay = new Map<string, Promise<Outcome>>();
  let free = limit;

  const inTurn = async (task: () => Promise<Outcome>): Promise<Outcome> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The next pull takes the place at once, so that no later one slips in between.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
  return {
    run(key, task) {
      const known = underWay.get(key);
      if (known) return known;
      const pull = inTurn(task).finally(() => underWay.delete(key));
      underWay.set(key, pull);
      return pull;
    },
  };
}
