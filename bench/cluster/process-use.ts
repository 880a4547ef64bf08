import { readFileSync } from "node:fs";

/** What a process takes at a moment. */
export interface ProcessUse {
  readonly residentMb: number;
  readonly cpuSeconds: number;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
}

/** Clock ticks of /proc: fixed for programs by Linux, whatever the kernel runs at. */
const TICKS_PER_SECOND = 100;

/** Looks at a process through /proc, which only Linux has. */
export function processUse(pid: number): ProcessUse {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the command in brackets come the fields from the third on: 14 and 15 are user and system time.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    residentMb: (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    at: performance.now(),
  };
}

/** The share of one core that was used between two looks, in percent. */
export function cpuShare(before: ProcessUse, after: ProcessUse): number {
  return ((after.cpuSeconds - before.cpuSeconds) / ((after.at - before.at) / 1000)) * 100;
}
