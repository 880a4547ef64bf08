import { equalJson, parseIp, type LoadBalancerIngress, type Service, type ServicePort } from "#objects";
import type { Plan } from "../framework/definition.ts";

export const CLEANUP_FINALIZER = "service.kubernetes.io/load-balancer-cleanup";

/** A port of an address that something listens at, or is led away from. */
export interface UsedPort {
  /** Empty: of every address of the pool. */
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
  /** Who has it, for the message: `Service default/web`. */
  readonly by: string;
}

export interface BalancerView {
  readonly service: Service;
  /** The addresses that may be given, the preferred first. */
  readonly pool: readonly string[];
  /** What others have. */
  readonly usedPorts: readonly UsedPort[];
}

export type BalancerStep =
  /** Give it these addresses, the finalizer first. */
  | { readonly type: "ensure"; readonly ips: readonly string[]; readonly finalizers?: readonly string[] }
  /** It cannot be served now: it has no address, and its Events say why. */
  | { readonly type: "refuse"; readonly problem: string; readonly finalizers?: readonly string[] }
  /** Take its addresses away, and then the finalizer. */
  | { readonly type: "release"; readonly finalizers: readonly string[] };

/** How often a Service that waits for an address says so again. */
const REMIND_MS = 5 * 60_000;

/** Whether the Service wants an address from here: another controller looks after those of a class. */
export const wantsBalancer = ({ metadata, spec }: Service): boolean =>
  spec?.type === "LoadBalancer" && !spec.loadBalancerClass && metadata.deletionTimestamp === undefined;

/** The addresses that the Service has been given. */
export const addressesGiven = ({ status }: Service): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));

/** The ingress as it stands in the status: a virtual address, that packets arrive with. */
export const ingressOf = (ips: readonly string[]): readonly LoadBalancerIngress[] =>
  ips.map((ip) => ({ ip, ipMode: "VIP" }));

/** What to do about one Service: one step at most (upstream service controller: syncLoadBalancerIfNeeded). */
export function planBalancer(view: BalancerView, now: number): Plan<BalancerStep> {
  const { service } = view;
  const { finalizers = [] } = service.metadata;
  const marked = finalizers.includes(CLEANUP_FINALIZER);
  if (!wantsBalancer(service)) {
    const because = "it wants no address from here";
    if (!marked) return { steps: [], because };
    return {
      steps: [{ type: "release", finalizers: finalizers.filter((name) => name !== CLEANUP_FINALIZER) }],
      because,
    };
  }
  const marking = marked ? {} : { finalizers: [...finalizers, CLEANUP_FINALIZER] };
  const chosen = choose(view);
  if (typeof chosen === "string") {
    return { steps: [{ type: "refuse", problem: chosen, ...marking }], because: chosen, requeueAt: now + REMIND_MS };
  }
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const given = ingress.map(({ ip, ipMode = "VIP" }) => ({ ip, ipMode }));
  if (marked && equalJson(given, ingressOf(chosen))) return { steps: [], because: `it has ${chosen.join(", ")}` };
  return { steps: [{ type: "ensure", ips: chosen, ...marking }], because: `${chosen.join(", ")} can serve its ports` };
}

/** An address of each of the Service's families that the pool has, or why there is none. */
function choose({ service, pool, usedPorts }: BalancerView): readonly string[] | string {
  const { loadBalancerIP: asked, ports = [], ipFamilies = ["IPv4"] } = service.spec ?? {};
  const had = addressesGiven(service);
  const chosen: string[] = [];
  let problem: string | undefined;
  for (const family of ipFamilies) {
    const usable = pool.filter((ip) => familyOf(ip) === family);
    const given = asked && familyOf(asked) === family ? asked : undefined;
    if (given !== undefined && !usable.includes(given)) {
      return `the requested address ${given} is not one of the pool (${pool.join(", ") || "which is empty"})`;
    }
    // What it has it keeps, as long as it can.
    const candidates = given === undefined ? [...usable.filter((ip) => had.includes(ip)), ...usable] : [given];
    const free = candidates.find((ip) => clashAt(ip, ports, usedPorts) === undefined);
    if (free !== undefined) chosen.push(free);
    else if (candidates[0] !== undefined) problem ??= clashAt(candidates[0], ports, usedPorts);
  }
  if (chosen.length > 0 && problem === undefined) return chosen;
  return problem ?? `the pool has no address of the family ${ipFamilies.join(" or ")}`;
}

function clashAt(ip: string, ports: readonly ServicePort[], usedPorts: readonly UsedPort[]): string | undefined {
  for (const { port, protocol = "TCP" } of ports) {
    const clash = usedPorts.find(
      (usedPort) =>
        usedPort.port === port && usedPort.protocol === protocol && (usedPort.ip === "" || usedPort.ip === ip),
    );
    if (clash) return `port ${port}/${protocol} of ${ip} is taken by ${clash.by}`;
  }
  return undefined;
}

const familyOf = (ip: string): string => (parseIp(ip)?.family === 6 ? "IPv6" : "IPv4");
