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

export interface CidrView {
  readonly cidr: ServiceCIDR;
  /** The other networks that are not being deleted. */
  readonly others: readonly ServiceCIDR[];
  /** All IPAddresses where the network is being deleted, else none: nothing else depends on them. */
  readonly addresses: readonly IPAddress[];
}

export type CidrStep =
  | { readonly type: "set-finalizers"; readonly finalizers: readonly string[] }
  | { readonly type: "set-conditions"; readonly conditions: readonly Condition[] };

/** What a ServiceCIDR lacks (upstream service-cidr-controller). One step at a time. */
export function planCidr({ cidr, others, addresses }: CidrView, now: number): Plan<CidrStep> {
  const { finalizers = [], deletionTimestamp } = cidr.metadata;
  const isProtected = finalizers.includes(PROTECTION);
  if (deletionTimestamp === undefined) {
    if (!isProtected) {
      const step: CidrStep = { type: "set-finalizers", finalizers: [...finalizers, PROTECTION] };
      return { steps: [step], because: "it is not protected yet" };
    }
    return condition(cidr, now, { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" });
  }
  if (!isProtected) return { steps: [], because: "it is being deleted, and not protected" };
  if (leavesOrphans(cidr, others, addresses)) {
    const message =
      "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
    return condition(cidr, now, { status: "False", reason: "Terminating", message });
  }
  const because = "no IPAddress needs it";
  const requeueAt = Date.parse(deletionTimestamp) + GRACE_MS;
  if (now < requeueAt) return { steps: [], requeueAt, because };
  return { steps: [{ type: "set-finalizers", finalizers: finalizers.filter((name) => name !== PROTECTION) }], because };
}

function condition(
  cidr: ServiceCIDR,
  now: number,
  parts: Pick<Condition, "status" | "reason" | "message">,
): Plan<CidrStep> {
  const conditions = cidr.status?.conditions ?? [];
  const old = findCondition(conditions, "Ready");
  if (old && old.status === parts.status && old.reason === parts.reason && old.message === parts.message) {
    return { steps: [], because: parts.message };
  }
  const wanted = { type: "Ready", ...parts, lastTransitionTime: formatTime(now) };
  const step: CidrStep = { type: "set-conditions", conditions: withCondition(conditions, wanted) };
  return { steps: [step], because: parts.message };
}

const blocksOf = ({ spec }: ServiceCIDR): IpBlock[] =>
  (spec?.cidrs ?? []).map(parseCidr).filter((block) => block !== undefined);

/** Whether addresses would be of no network any more. */
function leavesOrphans(cidr: ServiceCIDR, others: readonly ServiceCIDR[], addresses: readonly IPAddress[]): boolean {
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
