import { sleep, systemClock } from "#base";
import type { Measure } from "../figure.ts";
import { openTarget } from "../api/target.ts";
import { inFlight } from "../api/in-flight.ts";
import { gatedPod, podName, POD_COUNT, podsOf } from "../api/objects.ts";
import { withKnarr } from "./knarr-process.ts";
import { cpuShare, processUse } from "./process-use.ts";

/** Resident memory and processor time of an idle cluster, and the memory with Pods that only lie there. */
export function benchResident(idleMs: number): Promise<Measure[]> {
  return withKnarr([], async ({ access, pid }) => {
    const target = await openTarget("knarr", access);
    await sleep(systemClock, idleMs);
    const before = processUse(pid);
    await sleep(systemClock, idleMs);
    const idle = processUse(pid);
    const { seconds } = await inFlight(
      64,
      (started) => started >= POD_COUNT,
      async (index) => {
        await target.client.send("POST", podsOf(target), gatedPod(podName(index)));
      },
    );
    await sleep(systemClock, idleMs);
    const full = processUse(pid);
    target.close();
    return [
      { name: "resident, idle", value: idle.residentMb, unit: "MB" },
      { name: "processor, idle", value: cpuShare(before, idle), unit: "% CPU" },
      { name: "create 10,000 Pods, 64 in flight", value: POD_COUNT / seconds, unit: "/s" },
      { name: "resident with 10,000 Pods", value: full.residentMb, unit: "MB" },
    ];
  });
}
