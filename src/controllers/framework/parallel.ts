/** Calls at once that a controller has in flight at most. */
const MAX_IN_FLIGHT = 64;

/** Runs tasks with bounded concurrency, all of them, whatever fails. Returns the first error, if any. */
export async function allOf<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<Failure | undefined> {
  let next = 0;
  let failure: Failure | undefined;
  const lane = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await task(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_IN_FLIGHT, items.length) }, lane));
  return failure;
}

/** Something was thrown; an object, since anything can be thrown. */
export interface Failure {
  readonly error: unknown;
}

/**
 * Runs tasks in batches of 1, 2, 4, …, each in parallel, and stops after the first batch in which one failed:
 * where every creation fails for the same reason (a quota, a webhook) the API is not flooded with them
 * (upstream slowStartBatch). Returns how many succeeded.
 */
export async function slowStart<T>(
  items: readonly T[],
  task: (item: T) => Promise<void>,
): Promise<{ readonly succeeded: number; readonly failure?: Failure }> {
  let succeeded = 0;
  for (let at = 0, size = 1; at < items.length; at += size, size *= 2) {
    const batch = items.slice(at, at + size);
    const failure = await allOf(batch, async (item) => {
      await task(item);
      succeeded++;
    });
    if (failure) return { succeeded, failure };
  }
  return { succeeded };
}
