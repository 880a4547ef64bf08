import { median, type Measure } from "../figure.ts";
import { startKnarr, withKnarr, withTemporaryDir } from "./knarr-process.ts";

/** From the command to ready, with nothing there and with a data directory that had a cluster before. */
export async function benchStart(times: number): Promise<Measure[]> {
  // The first one may have to build, and leaves the compiled code behind that all later ones use.
  await withKnarr([], async () => {});
  const fresh: number[] = [];
  const resumed: number[] = [];
  for (let i = 0; i < times; i++) {
    await withTemporaryDir(async (dir) => {
      for (const into of [fresh, resumed]) {
        const knarr = await startKnarr(dir);
        into.push(knarr.startMs);
        await knarr.stop();
      }
    });
  }
  return [
    { name: `start to ready, new data directory (median of ${times})`, value: median(fresh), unit: "ms" },
    { name: `start to ready, resumed (median of ${times})`, value: median(resumed), unit: "ms" },
  ];
}
