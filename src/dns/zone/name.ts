/** What a name below the cluster's domain asks for (CoreDNS, plugin/kubernetes parse.go). */
export type NameRequest =
  /** Nothing can have this name. */
  | { readonly type: "none" }
  /** The domain itself, `svc` and `pod` below it: there, with nothing in them. */
  | { readonly type: "empty" }
  /** `ns.svc` or `ns.pod`: there if the namespace is. */
  | { readonly type: "namespace"; readonly namespace: string }
  | { readonly type: "pod"; readonly namespace: string; readonly pod: string }
  | ServiceRequest;

/** `svc.ns.svc`, `endpoint.svc.ns.svc` or `_port._protocol.svc.ns.svc`; what is absent may be anything. */
export interface ServiceRequest {
  readonly type: "service";
  readonly namespace: string;
  readonly service: string;
  readonly endpoint?: string;
  readonly port?: string;
  readonly protocol?: string;
}

/** The name without a final dot, in the case it was asked with, split at the zone; undefined: not of the zone. */
export function splitAtZone(name: string, zone: string): { readonly below: string; readonly zone: string } | undefined {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  const folded = bare.toLowerCase();
  if (folded === zone) return { below: "", zone: bare };
  if (!folded.endsWith(`.${zone}`)) return undefined;
  const at = bare.length - zone.length;
  return { below: bare.slice(0, at - 1), zone: bare.slice(at) };
}

const withoutUnderscore = (label: string) => (label.startsWith("_") ? label.slice(1) : label);

/** Reads the labels left of the cluster's domain. */
export function parseName(below: string): NameRequest {
  if (below === "") return { type: "empty" };
  const labels = below.toLowerCase().split(".");
  const root = labels.pop();
  if (root !== "svc" && root !== "pod") return { type: "none" };
  const namespace = labels.pop();
  if (namespace === undefined) return { type: "empty" };
  const object = labels.pop();
  if (object === undefined) return { type: "namespace", namespace };
  if (labels.length > 2) return { type: "none" };
  if (root === "pod") return { type: "pod", namespace, pod: object };
  const [first, second] = labels;
  if (first === undefined) return { type: "service", namespace, service: object };
  if (second === undefined) return { type: "service", namespace, service: object, endpoint: first };
  return {
    type: "service",
    namespace,
    service: object,
    port: withoutUnderscore(first),
    protocol: withoutUnderscore(second),
  };
}
