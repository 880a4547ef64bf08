import { sleep, systemClock } from "#base";
import { cpuShare, processUse } from "../cluster/process-use.ts";
import type { Measure } from "../figure.ts";
import type { LoadClient } from "../http/connection.ts";
import type { MeasureInput } from "./input.ts";
import { createPod, deletePods, idlePod, watchPods } from "./pods.ts";

const PODS = 30;
/** Until what goes on after a start is over. */
const SETTLE_MS = 3_000;

/** What the whole of Knarr takes while 30 Pods run and nothing happens. */
export async function idleWithPods(client: LoadClient, { pid, idleMs }: MeasureInput): Promise<Measure[]> {
  const watch = await watchPods(client);
  const names = Array.from({ length: PODS }, (_, index) => `idle-${index}`);
  await Promise.all(names.map((name) => createPod(client, idlePod(name))));
  await Promise.all(names.map((name) => watch.ready(name)));
  await sleep(systemClock, SETTLE_MS);
  const before = processUse(pid);
  await sleep(systemClock, idleMs);
  const after = processUse(pid);
  await deletePods(client, watch, names);
  watch.close();
  return [
    {
      name: `resident with ${PODS} Pods (API server, controllers and kubelet in one)`,
      value: after.residentMb,
      unit: "MB",
    },
    { name: `processor with ${PODS} Pods, idle`, value: cpuShare(before, after), unit: "% CPU" },
  ];
}
