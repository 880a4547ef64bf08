import { goQuote, qualifiedName, type ObjectFieldSelector, type Pod } from "#objects";

/** What of a pod's addresses its API object does not know yet. */
export interface PodAddresses {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
}

/** Fields that a selector may name though only some of them have a text (upstream ConvertDownwardAPIFieldLabel). */
const KNOWN = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.serviceAccountName",
  "spec.schedulerName",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

/** The text of a field that a variable refers to. Throws an Error with upstream's text. */
export function variableField(selector: ObjectFieldSelector, pod: Pod, { podIps, hostIps }: PodAddresses): string {
  const { apiVersion = "v1", fieldPath } = selector;
  if (apiVersion !== "v1") throw new Error(`unsupported pod version: ${apiVersion}`);
  const path = fieldPath === "spec.host" ? "spec.nodeName" : fieldPath;
  const subscripted = subscriptOf(path);
  if (subscripted && !SUBSCRIPTED.has(subscripted.path)) {
    throw new Error(`field label does not support subscript: ${path}`);
  }
  if (!subscripted && !KNOWN.has(path)) throw new Error(`field label not supported: ${path}`);
  switch (path) {
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return hostIps[0] ?? "";
    case "status.hostIPs":
      return hostIps.join(",");
    case "status.podIP":
      return podIps[0] ?? "";
    case "status.podIPs":
      return podIps.join(",");
    default:
      return metadataField(pod, path);
  }
}

const SUBSCRIPTED = new Set(["metadata.annotations", "metadata.labels"]);

/** The text of a field of the metadata, `metadata.labels['app']` included. Throws an Error with upstream's text. */
export function metadataField({ metadata }: Pod, path: string): string {
  const subscripted = subscriptOf(path);
  if (subscripted) {
    const { key } = subscripted;
    const isAnnotation = subscripted.path === "metadata.annotations";
    if (!SUBSCRIPTED.has(subscripted.path)) throw new Error(`fieldPath ${goQuote(path)} does not support subscript`);
    const errors = qualifiedName(isAnnotation ? key.toLowerCase() : key);
    if (errors.length > 0) throw new Error(`invalid key subscript in ${path}: ${errors.join(";")}`);
    const map = new Map(Object.entries((isAnnotation ? metadata.annotations : metadata.labels) ?? {}));
    return map.get(key) ?? "";
  }
  switch (path) {
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** `metadata.labels['app']`: path and key. */
function subscriptOf(path: string): { readonly path: string; readonly key: string } | undefined {
  const [, head, key] = /^(.+?)\['(.*)'\]$/s.exec(path) ?? [];
  return head === undefined || key === undefined ? undefined : { path: head, key };
}

/** A line for each entry, by key: `app="web"`. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((key) => `${key}=${goQuote(map[key]!)}`)
    .join("\n");
}
