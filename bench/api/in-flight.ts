/** Runs `operation` again and again, `inFlight` at a time, until `done` says so; resolves to each one's milliseconds. */
export async function inFlight(
  count: number,
  done: (started: number) => boolean,
  operation: (index: number) => Promise<void>,
): Promise<{ readonly latencies: number[]; readonly seconds: number }> {
  const latencies: number[] = [];
  const start = performance.now();
  let started = 0;
  const one = async () => {
    while (!done(started)) {
      const index = started++;
      const began = performance.now();
      await operation(index);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return { latencies, seconds: (performance.now() - start) / 1000 };
}

/** Tells when so many milliseconds have gone by. */
export function after(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

/** Runs `operation` for each number below `count`, sixteen at a time. */
export async function eachOf(count: number, operation: (index: number) => Promise<unknown>): Promise<void> {
  await inFlight(
    16,
    (started) => started >= count,
    async (index) => void (await operation(index)),
  );
}
