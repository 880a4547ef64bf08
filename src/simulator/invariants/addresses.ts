import { isPodTerminal, type Pod, type Service } from "#objects";
import type { Truth } from "../truth.ts";
import { named, type Invariant } from "./invariant.ts";

export interface AddressOptions {
  /** Whether no machine is lost: one that was gives its addresses anew before the API knows which Pods lost theirs. */
  readonly pods: boolean;
}

/** No two Services have an address or a node port in common, no two Pods an address. */
export function addressesAreUnique({ pods }: AddressOptions): Invariant {
  return {
    name: "addresses and node ports are unique",
    check({ kind, after }, truth) {
      if (!after) return undefined;
      if (kind === "Service") return clash(truth, "Service", after as Service, serviceAddresses);
      if (kind === "Pod" && pods) return clash(truth, "Pod", after as Pod, podAddresses);
      return undefined;
    },
  };
}

function clash<T extends Pod | Service>(
  truth: Truth,
  kind: string,
  object: T,
  addressesOf: (object: T) => readonly string[],
): string | undefined {
  const own = addressesOf(object);
  if (own.length === 0) return undefined;
  for (const other of truth.of<T>(kind)) {
    if (other.metadata.uid === object.metadata.uid) continue;
    const shared = addressesOf(other).find((address) => own.includes(address));
    if (shared !== undefined) return `${kind} ${named(object)} and ${kind} ${named(other)} both have ${shared}`;
  }
  return undefined;
}

const serviceAddresses = ({ spec }: Service): readonly string[] => [
  ...(spec?.clusterIPs ?? []).filter((ip) => ip !== "" && ip !== "None"),
  ...(spec?.ports ?? []).flatMap(({ nodePort, protocol = "TCP" }) => (nodePort ? [`${protocol} ${nodePort}`] : [])),
];

/** Of a Pod that has a sandbox: one that ends gives its address back before the API is told. */
function podAddresses(pod: Pod): readonly string[] {
  if (isPodTerminal(pod) || pod.metadata.deletionTimestamp || pod.spec?.hostNetwork) return [];
  return pod.status?.podIP ? [pod.status.podIP] : [];
}
