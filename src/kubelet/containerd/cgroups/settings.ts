import {
  amountsOf,
  parseQuantity,
  podLimits,
  qosClass,
  quantityValue,
  specRequests,
  type Pod,
  type ResourceAmounts,
} from "#objects";

/** What a cgroup is set to: a file of one controller, and its text. */
export interface CgroupSetting {
  readonly controller: "cpu" | "memory" | "pids" | "hugetlb";
  /** `cpu.shares` */
  readonly file: string;
  readonly value: string;
}

export interface CgroupFacts {
  readonly version: 1 | 2;
  /** Sizes of huge pages as the kernel names them: `2MB`. */
  readonly hugePageSizes: readonly string[];
}

/** Bounds of a cgroup, as upstream's ResourceConfig has them; what is absent is left as it is. */
interface CgroupBounds {
  readonly shares?: number;
  /** Microseconds of each period of 100 ms. */
  readonly quota?: number;
  readonly memory?: number;
  readonly pids?: number;
  /** Bytes by size of page, as the kernel names it. */
  readonly hugePages?: ReadonlyMap<string, number>;
}

const PERIOD = 100_000;
const MIN_QUOTA = 1000;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const SHARES_PER_CPU = 1024;

/** From thousandths of a CPU (upstream MilliCPUToShares). */
export const sharesOf = (milli: number): number =>
  Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milli * SHARES_PER_CPU) / 1000)));

const quotaOf = (milli: number): number => Math.max(MIN_QUOTA, Math.floor((milli * PERIOD) / 1000));

/** The same weight on the scale of cgroup v2 (upstream getCPUWeight). */
export const weightOf = (shares: number): number => 1 + Math.floor(((shares - MIN_SHARES) * 9999) / 262_142);

/** What a pod as a whole may use (upstream ResourceConfigForPod). `pidsLimit`: of all its containers together. */
export function podCgroupSettings(pod: Pod, facts: CgroupFacts, pidsLimit?: number): readonly CgroupSetting[] {
  return settingsOf({ ...podBounds(pod, facts), ...(pidsLimit === undefined ? {} : { pids: pidsLimit }) }, facts);
}

function podBounds(pod: Pod, { hugePageSizes }: CgroupFacts): CgroupBounds {
  const requests = specRequests(pod.spec);
  const hugePages = hugePageBounds(requests, hugePageSizes);
  const qos = qosClass(pod.spec);
  if (qos === "BestEffort") return { shares: MIN_SHARES, hugePages };
  const limits = podLimits(pod);
  // What one container may use without bounds has none for the whole.
  const bound = (resource: string) => {
    const limit = limits[resource] ?? 0;
    return limit > 0 && (qos === "Guaranteed" || isLimited(pod, resource)) ? limit : undefined;
  };
  const cpu = bound("cpu");
  const memory = bound("memory");
  return {
    shares: sharesOf(requests["cpu"] ?? 0),
    ...(cpu === undefined ? {} : { quota: quotaOf(cpu) }),
    ...(memory === undefined ? {} : { memory }),
    hugePages,
  };
}

/** Whether a limit is set for the pod as a whole, or for each of its containers. */
function isLimited({ spec }: Pod, resource: string): boolean {
  const limited = (limits: Readonly<Record<string, string>> | undefined) => (amountsOf(limits)[resource] ?? 0) > 0;
  if (limited(spec?.resources?.limits)) return true;
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].every(({ resources }) =>
    limited(resources?.limits),
  );
}

/** Of sizes that are not asked for there are none. */
function hugePageBounds(requests: ResourceAmounts, sizes: readonly string[]): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  for (const resource in requests) {
    const size = /^hugepages-(.+)$/.exec(resource)?.[1];
    if (size !== undefined) asked.set(pageSizeText(quantityValue(parseQuantity(size))), requests[resource]!);
  }
  return new Map(sizes.map((size) => [size, asked.get(size) ?? 0]));
}

/** `2MB`, as the kernel names pages of so many bytes. */
function pageSizeText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${bytes / 1024 ** unit}${units[unit]}`;
}

/** The cgroup of all burstable pods: it weighs as much as they do together. `milli`: their requests. */
export const burstableSettings = (milli: number, facts: CgroupFacts): readonly CgroupSetting[] =>
  settingsOf({ shares: sharesOf(milli), hugePages: unbounded(facts) }, facts);

/** The cgroup of all pods that ask for nothing: it gets what others leave. */
export const bestEffortSettings = (facts: CgroupFacts): readonly CgroupSetting[] =>
  settingsOf({ shares: MIN_SHARES, hugePages: unbounded(facts) }, facts);

/** The cgroup of all pods: what of the node is for them. CPUs in thousandths, memory in bytes. */
export const nodeSettings = (
  { cpu, memory }: { readonly cpu: number; readonly memory: number },
  facts: CgroupFacts,
): readonly CgroupSetting[] => settingsOf({ shares: sharesOf(cpu), memory }, facts);

/** Beyond what any machine has. */
const unbounded = ({ hugePageSizes }: CgroupFacts) => new Map(hugePageSizes.map((size) => [size, 2 ** 62]));

function settingsOf(bounds: CgroupBounds, { version }: CgroupFacts): readonly CgroupSetting[] {
  const { shares, quota, memory, pids, hugePages = new Map<string, number>() } = bounds;
  const settings: CgroupSetting[] = [];
  const set = (controller: CgroupSetting["controller"], file: string, value: number | string) =>
    settings.push({ controller, file, value: String(value) });
  if (shares !== undefined) {
    if (version === 1) set("cpu", "cpu.shares", shares);
    else set("cpu", "cpu.weight", weightOf(shares));
  }
  if (version === 1 && quota !== undefined) {
    set("cpu", "cpu.cfs_period_us", PERIOD);
    set("cpu", "cpu.cfs_quota_us", quota);
  } else if (quota !== undefined) set("cpu", "cpu.max", `${quota} ${PERIOD}`);
  if (memory !== undefined) set("memory", version === 1 ? "memory.limit_in_bytes" : "memory.max", memory);
  if (pids !== undefined) set("pids", "pids.max", pids);
  for (const [size, limit] of hugePages) {
    const text = BigInt(limit);
    set("hugetlb", version === 1 ? `hugetlb.${size}.limit_in_bytes` : `hugetlb.${size}.max`, text.toString());
  }
  return settings;
}
