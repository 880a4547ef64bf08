import type { AnyContainer } from "#kubelet";
import { amountsOf, isSidecar, parseQuantity, qosClass, quantityValue, type Container, type Pod } from "#objects";
import type { Sent } from "#wire/grpc";
import type { HugepageLimit, LinuxContainerResources } from "../cri/messages.ts";

/** What of the machine bounds its containers. */
export interface NodeResources {
  readonly memoryBytes: number;
  /** Sizes of huge pages that the kernel has: `2MB`, `1GB`. */
  readonly hugePageSizes: readonly string[];
}

/** Microseconds. */
const QUOTA_PERIOD = 100_000;
const MIN_QUOTA = 1000;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** Limits of one container (upstream generateLinuxContainerResources). What it does not limit, the pod may. */
export function containerResources(
  pod: Pod,
  container: AnyContainer,
  node: NodeResources,
): Sent<LinuxContainerResources> {
  const requests = amountsOf(container.resources?.requests);
  const limits = amountsOf(container.resources?.limits);
  const podLimits = amountsOf(pod.spec?.resources?.limits);
  const cpuLimit = limits["cpu"] || podLimits["cpu"] || 0;
  const memoryLimit = limits["memory"] || podLimits["memory"] || 0;
  return {
    cpuShares: cpuShares(requests["cpu"] ?? cpuLimit),
    cpuQuota: cpuQuota(cpuLimit),
    cpuPeriod: QUOTA_PERIOD,
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScore(pod, container, node.memoryBytes),
    hugepageLimits: hugePageLimits(pod, container, node.hugePageSizes),
  };
}

/** From thousandths of a CPU. */
export const cpuShares = (milli: number): number =>
  Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milli * 1024) / 1000)));

/** Microseconds of each period, from thousandths of a CPU; 0: all of it. */
export const cpuQuota = (milli: number): number =>
  milli === 0 ? 0 : Math.max(MIN_QUOTA, Math.floor((milli * QUOTA_PERIOD) / 1000));

const OOM_GUARANTEED = -997;
const OOM_BEST_EFFORT = 1000;
/** Priorities from here on are for what a node cannot do without. */
const SYSTEM_NODE_CRITICAL = 2_000_001_000;

/**
 * The score by which the kernel kills processes when memory runs out: the higher, the sooner (upstream
 * GetContainerOOMScoreAdjust).
 */
export function oomScore(pod: Pod, container: AnyContainer, memoryBytes: number): number {
  if ((pod.spec?.priority ?? 0) >= SYSTEM_NODE_CRITICAL) return OOM_GUARANTEED;
  const qos = qosClass(pod.spec);
  if (qos === "Guaranteed") return OOM_GUARANTEED;
  if (qos === "BestEffort") return OOM_BEST_EFFORT;
  const extra = unclaimedMemory(pod);
  const score = (request: number) => 1000 - Math.trunc((1000 * (request + extra)) / memoryBytes);
  const own = score(memoryRequest(container));
  const adjusted = isOwnSidecar(pod, container)
    ? Math.min(own, score(Math.min(...(pod.spec?.containers ?? []).map(memoryRequest))))
    : own;
  if (adjusted < 1000 + OOM_GUARANTEED) return 1000 + OOM_GUARANTEED;
  return adjusted === OOM_BEST_EFFORT ? adjusted - 1 : adjusted;
}

const memoryRequest = ({ resources }: AnyContainer): number => amountsOf(resources?.requests)["memory"] ?? 0;

const isOwnSidecar = ({ spec }: Pod, { name }: AnyContainer): boolean =>
  spec?.initContainers?.some((candidate) => candidate.name === name && isSidecar(candidate)) ?? false;

/** What the pod as a whole asks for beyond its containers, for each of them (remainingPodMemReqPerContainer). */
function unclaimedMemory({ spec }: Pod): number {
  const whole = amountsOf(spec?.resources?.requests)["memory"] ?? 0;
  if (whole === 0) return 0;
  const { containers = [], initContainers = [] } = spec ?? {};
  const sum = (some: readonly Container[]) => some.reduce((total, container) => total + memoryRequest(container), 0);
  const sidecars = initContainers.filter(isSidecar);
  const starting = initContainers.filter((container) => !isSidecar(container));
  const claimed = Math.max(
    sum(containers) + sum(sidecars),
    sum(sidecars) + Math.max(0, ...starting.map(memoryRequest)),
  );
  return Math.trunc((whole - claimed) / (containers.length + initContainers.length));
}

/** None of any size that is not asked for. */
function hugePageLimits(pod: Pod, container: AnyContainer, sizes: readonly string[]): readonly HugepageLimit[] {
  const wanted = new Map<string, number>();
  for (const limits of [pod.spec?.resources?.limits, container.resources?.limits]) {
    for (const [name, amount] of Object.entries(limits ?? {})) {
      if (!name.startsWith("hugepages-")) continue;
      wanted.set(pageSize(name.slice("hugepages-".length)), quantityValue(parseQuantity(amount)));
    }
  }
  return sizes.map((size) => ({ pageSize: size, limit: wanted.get(size) ?? 0 }));
}

/** `2Mi` as the kernel's cgroups call it: `2MB`. */
function pageSize(quantity: string): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let size = quantityValue(parseQuantity(quantity));
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${size}${units[unit]}`;
}
