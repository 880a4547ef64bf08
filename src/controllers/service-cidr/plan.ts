import {
  blockContains,
  findCondition,
  formatTime,
  keyOf,
  parseCidr,
  parseIp,
  withCondition,
  type Condition,
  type IPAddress,
  type IpBlock,
  type New,
  type Service,
  type ServiceCIDR,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { hasClusterIp } from "../service-pods/pod.ts";

export const PROTECTION = "networking.k8s.io/service-cidr-finalizer";
const FAMILY = "ipaddress.kubernetes.io/ip-family";
const MANAGED_BY = "ipaddress.kubernetes.io/managed-by";
const MANAGER = "ipallocator.k8s.io";
/** How long a network that nothing needs stays, so that every API server has seen that it goes. */
const GRACE_MS = 10_000;

export const isManaged = ({ metadata }: IPAddress): boolean => metadata.labels?.[MANAGED_BY] === MANAGER;

/** The key of the Service that an address is said to belong to. */
export function serviceOf({ spec }: IPAddress): string | undefined {
  const { group = "", resource, namespace = "", name } = spec?.parentRef ?? {};
  return group === "" && resource === "services" && name ? keyOf({ namespace, name }) : undefined;
}

export type AddressStep =
  | { readonly type: "create"; readonly address: New<IPAddress> }
  | { readonly type: "delete"; readonly address: IPAddress };

export interface AddressesView {
  /** `namespace/name` of the Service, and what there is of it. */
  readonly key: string;
  readonly service: Service | undefined;
  /** What there is of the addresses that the Service has, by IP. */
  readonly addresses: ReadonlyMap<string, IPAddress>;
  /** Those that are said to belong to the Service. */
  readonly own: readonly IPAddress[];
  /** The cluster IPs of the Services that those addresses are said to belong to, by the Services' keys. */
  readonly clusterIps: ReadonlyMap<string, readonly string[]>;
}

/** One IPAddress for each cluster IP (upstream ipallocator, and its repair controller). */
export function planAddresses({ key, service, addresses, own, clusterIps }: AddressesView): Plan<AddressStep> {
  const ips = service ? addressesOf(service) : [];
  const steps: AddressStep[] = own
    .filter((one) => isManaged(one) && !ips.includes(one.metadata.name ?? ""))
    .map((one) => ({ type: "delete", address: one }));
  for (const ip of ips) {
    const there = addresses.get(ip);
    const parent = there && serviceOf(there);
    const fits = there && parent === key && isManaged(there);
    // Two Services with one address: the first to have it keeps the object.
    if (fits || (parent !== undefined && parent !== key && clusterIps.get(parent)?.includes(ip))) continue;
    if (there) steps.push({ type: "delete", address: there });
    if (service) steps.push({ type: "create", address: addressFor(ip, service) });
  }
  return { steps, because: `the Service has ${ips.length} cluster IPs` };
}

/** The cluster IPs that a Service has. */
export const addressesOf = (service: Service): readonly string[] =>
  hasClusterIp(service) ? (service.spec?.clusterIPs ?? []) : [];

const addressFor = (ip: string, { metadata: { namespace = "", name = "" } }: Service): New<IPAddress> => ({
  metadata: { name: ip, labels: { [FAMILY]: ip.includes(":") ? "IPv6" : "IPv4", [MANAGED_BY]: MANAGER } },
  spec: { parentRef: { resource: "services", namespace, name } },
});

export type CidrPlan =
  | { readonly type: "nothing" }
  | { readonly type: "protect"; readonly finalizers: readonly string[] }
  | { readonly type: "status"; readonly conditions: readonly Condition[] }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "release"; readonly finalizers: readonly string[] };

/** What a ServiceCIDR lacks (upstream service-cidr-controller). One step at a time. */
export function planCidr(
  cidr: ServiceCIDR,
  others: readonly ServiceCIDR[],
  addresses: Iterable<IPAddress>,
  now: number,
): CidrPlan {
  const { finalizers = [], deletionTimestamp } = cidr.metadata;
  const isProtected = finalizers.includes(PROTECTION);
  if (deletionTimestamp === undefined) {
    if (!isProtected) return { type: "protect", finalizers: [...finalizers, PROTECTION] };
    return condition(cidr, now, { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" });
  }
  if (!isProtected) return { type: "nothing" };
  if (leavesOrphans(cidr, others, addresses)) {
    const message =
      "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
    return condition(cidr, now, { status: "False", reason: "Terminating", message });
  }
  const until = Date.parse(deletionTimestamp) + GRACE_MS;
  if (now < until) return { type: "wait", until };
  return { type: "release", finalizers: finalizers.filter((name) => name !== PROTECTION) };
}

function condition(cidr: ServiceCIDR, now: number, parts: Pick<Condition, "status" | "reason" | "message">): CidrPlan {
  const conditions = cidr.status?.conditions ?? [];
  const old = findCondition(conditions, "Ready");
  if (old && old.status === parts.status && old.reason === parts.reason && old.message === parts.message) {
    return { type: "nothing" };
  }
  const wanted = { type: "Ready", ...parts, lastTransitionTime: formatTime(now) };
  return { type: "status", conditions: withCondition(conditions, wanted) };
}

const blocksOf = ({ spec }: ServiceCIDR): IpBlock[] =>
  (spec?.cidrs ?? []).map(parseCidr).filter((block) => block !== undefined);

/** Whether addresses would be of no network any more. */
function leavesOrphans(cidr: ServiceCIDR, others: readonly ServiceCIDR[], addresses: Iterable<IPAddress>): boolean {
  const around = others.flatMap(blocksOf);
  const bare = blocksOf(cidr).filter(
    ({ base, prefixLength }) =>
      !around.some((block) => block.prefixLength <= prefixLength && blockContains(block, base)),
  );
  if (bare.length === 0) return false;
  for (const address of addresses) {
    const ip = isManaged(address) ? parseIp(address.metadata.name ?? "") : undefined;
    if (!ip || !bare.some((block) => blockContains(block, ip))) continue;
    if (!around.some((block) => blockContains(block, ip))) return true;
  }
  return false;
}
