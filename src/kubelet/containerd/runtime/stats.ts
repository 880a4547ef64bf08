import { readFile } from "node:fs/promises";
import type { Clock } from "#base";
import type { ContainerUsage, NodeStats, Usage } from "#kubelet";
import { LABEL } from "../config/names.ts";
import type { ContainerStats } from "../cri/messages.ts";
import { CALL_MS } from "../cri/services.ts";
import { ownLabels, type OwnedCri } from "./context.ts";
import { millis, publicId } from "./ids.ts";

/** What the machine and its containers have used so far. One call and two small reads. */
export async function readStats({ cri, options }: OwnedCri, clock: Clock): Promise<NodeStats> {
  const [{ stats }, stat, meminfo] = await Promise.all([
    cri.call(
      "RuntimeService.ListContainerStats",
      { filter: { labelSelector: ownLabels(options) } },
      { timeoutMs: CALL_MS },
    ),
    readFile("/proc/stat", "utf8"),
    readFile("/proc/meminfo", "utf8"),
  ]);
  const node = { time: clock.now(), cpuNanoseconds: usedByAll(stat), workingSetBytes: workingSet(meminfo) };
  return { node, containers: stats.map(containerUsage).filter((usage) => usage !== undefined) };
}

/** Undefined for one of which nothing was measured: it has just ended, or is about to begin. */
export function containerUsage({ attributes, cpu, memory, writableLayer }: ContainerStats): ContainerUsage | undefined {
  const used = cpu?.usageCoreNanoSeconds?.value;
  if (!attributes || !cpu || used === undefined) return undefined;
  const { labels, metadata, id } = attributes;
  const usage: Usage = {
    time: millis(cpu.timestamp),
    cpuNanoseconds: used,
    workingSetBytes: memory?.workingSetBytes?.value ?? 0,
  };
  return {
    ...usage,
    id: publicId(id),
    name: metadata?.name ?? "",
    namespace: labels[LABEL.podNamespace] ?? "",
    pod: labels[LABEL.podName] ?? "",
    podUid: labels[LABEL.podUid] ?? "",
    ...(writableLayer
      ? { rootfs: { bytes: writableLayer.usedBytes?.value ?? 0, inodes: writableLayer.inodesUsed?.value ?? 0 } }
      : {}),
  };
}

/** The kernel counts in hundredths of a second there. */
const TICK_NANOSECONDS = 10_000_000;

/** Time that processors worked, by the first line of `/proc/stat`: all but idle, waiting and stolen. */
export function usedByAll(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softirq) * TICK_NANOSECONDS;
}

/** Memory in use without files that could be read again, by `/proc/meminfo`: bytes (cAdvisor, of the root). */
export function workingSet(meminfo: string): number {
  const kilobytes = (name: string) =>
    Number(meminfo.match(new RegExp(`^${name.replace(/[()]/g, "\\$&")}:\\s+(\\d+) kB$`, "m"))?.[1] ?? 0);
  return Math.max(0, kilobytes("MemTotal") - kilobytes("MemFree") - kilobytes("Inactive(file)")) * 1024;
}
