import type { LoadClient } from "../http/connection.ts";

export interface ProcessUse {
  readonly residentMb: number;
  readonly cpuSeconds: number;
  readonly at: number;
}

/** What the server's process takes, as it says itself. */
export async function processUse(client: LoadClient): Promise<ProcessUse> {
  const text = await client.text("/metrics");
  const value = (name: string) => {
    const found = new RegExp(`^${name} ([0-9.e+]+)$`, "m").exec(text);
    if (!found) throw new Error(`the server's metrics lack ${name}`);
    return Number(found[1]);
  };
  return {
    residentMb: value("process_resident_memory_bytes") / 1e6,
    cpuSeconds: value("process_cpu_seconds_total"),
    at: performance.now(),
  };
}

/** The share of one core that was used between two looks, in percent. */
export function cpuShare(before: ProcessUse, after: ProcessUse): number {
  return ((after.cpuSeconds - before.cpuSeconds) / ((after.at - before.at) / 1000)) * 100;
}
