import type { ObjectKey, ResourceType } from "#objects";

/** The path of a collection, or of one object and its subresource. */
export function pathOf(type: ResourceType, key: ObjectKey, subresource?: string): string {
  const parts = type.group ? ["apis", type.group, type.version] : ["api", type.version];
  if (type.namespaced && key.namespace) parts.push("namespaces", key.namespace);
  parts.push(type.resource);
  if (key.name) parts.push(key.name);
  if (subresource) parts.push(...subresource.split("/"));
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/** `?a=b`, without what is undefined; empty text counts as undefined. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}
