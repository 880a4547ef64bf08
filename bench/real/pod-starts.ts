import { spread, type Measure } from "../figure.ts";
import type { LoadClient } from "../http/connection.ts";
import type { MeasureInput } from "./input.ts";
import { createPod, deletePods, idlePod, watchPods, type PodWatch } from "./pods.ts";
import { byCri, byCtr } from "./runtime-alone.ts";

const AT_ONCE = 30;

/** One way of starting something; each start resolves to its milliseconds. */
interface Starter {
  readonly name: string;
  start(names: readonly string[]): Promise<number[]>;
}

/**
 * From `create` acknowledged to Ready, the image present, beside what the runtime needs alone: one at a time, in
 * turns, so that whatever else goes on meets all of them; then many at once.
 */
export async function podStarts(client: LoadClient, { socket, pods }: MeasureInput): Promise<Measure[]> {
  const watch = await watchPods(client);
  using cri = await byCri(socket);
  const ctr = byCtr(socket);
  const starters: readonly Starter[] = [
    { name: "Pod, created to Ready", start: (names) => startPods(client, watch, names) },
    ...[cri, ctr].map((alone) => ({
      name: alone.name,
      async start(names: readonly string[]) {
        const durations = await Promise.all(names.map((name) => alone.start(name)));
        await alone.removeAll();
        return durations;
      },
    })),
  ];
  try {
    // Brings the image, and what is loaded at the first time.
    await startPods(client, watch, ["first"]);
    const single = new Map(starters.map(({ name }) => [name, [] as number[]]));
    for (let turn = 0; turn < pods; turn++) {
      for (const { name, start } of starters) single.get(name)!.push(...(await start([`single-${turn}`])));
    }
    const measures = [...single].flatMap(([name, durations]) => spread(`one ${name}`, durations));
    const names = Array.from({ length: AT_ONCE }, (_, index) => `many-${index}`);
    for (const { name, start } of starters) measures.push(...spread(`${AT_ONCE} at once, ${name}`, await start(names)));
    return measures;
  } finally {
    watch.close();
  }
}

/** How long each took; they are gone afterwards. */
async function startPods(client: LoadClient, watch: PodWatch, names: readonly string[]): Promise<number[]> {
  const durations = await Promise.all(
    names.map(async (name) => {
      const acknowledged = await createPod(client, idlePod(name));
      return (await watch.ready(name)) - acknowledged;
    }),
  );
  await deletePods(client, watch, names);
  return durations;
}
