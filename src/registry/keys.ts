/**
 * Where objects lie in the store: etcd's layout as a kube-apiserver writes it, so that data can be handed over
 * (upstream pkg/kubeapiserver/default_storage_factory_builder.go, registry/generic NamespaceKeyFunc).
 */
import type { ObjectKey } from "#objects";

/** Everything of the API in the store. */
export const ROOT = "/registry/";

/** Built-in resources that upstream keeps under another name than their own. */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ["replicationcontrollers", "controllers"],
  ["endpoints", "services/endpoints"],
  ["services", "services/specs"],
  ["nodes", "minions"],
  ["ingresses.networking.k8s.io", "ingress"],
]);

/** Groups that are upstream's own; all others are those of custom resources. */
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  "",
  "admissionregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/**
 * The prefix of all keys of a resource, with a slash at its end: `/registry/pods/`,
 * `/registry/example.com/widgets/`, `/registry/apiextensions.k8s.io/customresourcedefinitions/`.
 */
export function resourcePrefix(group: string, resource: string): string {
  if (!BUILT_IN_GROUPS.has(group)) return `${ROOT}${group}/${resource}/`;
  return `${ROOT}${SPECIAL.get(group ? `${resource}.${group}` : resource) ?? resource}/`;
}

/** The key of an object under its resource's prefix. */
export function storeKey(prefix: string, { namespace, name }: ObjectKey): string {
  return namespace ? `${prefix}${namespace}/${name}` : `${prefix}${name}`;
}

/** The inverse of {@link storeKey}. */
export function objectKey(prefix: string, key: string): ObjectKey {
  const slash = key.indexOf("/", prefix.length);
  return slash < 0
    ? { namespace: "", name: key.slice(prefix.length) }
    : { namespace: key.slice(prefix.length, slash), name: key.slice(slash + 1) };
}

/** The prefix that a key belongs to, of those that `known` has; undefined when it has none. */
export function prefixOf(key: string, known: { has(prefix: string): boolean }): string | undefined {
  let slash = key.indexOf("/", ROOT.length);
  if (slash < 0) return undefined;
  const short = key.slice(0, slash + 1);
  if (known.has(short)) return short;
  slash = key.indexOf("/", slash + 1);
  if (slash < 0) return undefined;
  const long = key.slice(0, slash + 1);
  return known.has(long) ? long : undefined;
}
