import type { Selection, WatchEvent } from "#client";
import {
  badRequest,
  groupResource,
  parseFieldSelector,
  parseLabelSelector,
  partialMetadataOf,
  type KubeObject,
  type ResourceType,
} from "#objects";
import type { Logged } from "./fake-store.ts";

export type Matches = (object: KubeObject) => boolean;

/** What a field selector may name beside name and namespace, of the kinds that components select by. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: ["spec.nodeName", "status.phase"],
  secrets: ["type"],
  events: ["involvedObject.name", "involvedObject.uid", "reason", "type"],
};

/** Compiles a selection. Throws 400 for selectors that do not parse or name other fields. */
export function compileSelection(type: ResourceType, selection: Selection): Matches {
  const { namespace, labelSelector = "", fieldSelector = "" } = selection;
  const labels = parseLabelSelector(labelSelector);
  const known = ["metadata.name", "metadata.namespace", ...(FIELDS[groupResource(type)] ?? [])];
  const fields = parseFieldSelector(fieldSelector).compile<KubeObject>((path) => {
    if (!known.includes(path)) throw badRequest(`field label not supported: ${path}`);
    return (object) => fieldOf(object, path);
  });
  return (object) =>
    (!namespace || object.metadata.namespace === namespace) && labels.matches(object.metadata.labels) && fields(object);
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
  return typeof value === "string" ? value : "";
}

/** How a change looks through a selection: an object may enter or leave it. */
export function eventOf(resource: ResourceType, { type, object, previous }: Logged, matches: Matches): WatchEvent[] {
  const now = type !== "DELETED" && matches(object);
  const before = previous !== undefined && matches(previous);
  if (now) return [{ type: before ? "MODIFIED" : "ADDED", object: shown(resource, object) }];
  return before ? [{ type: "DELETED", object: shown(resource, object) }] : [];
}

/** Whole, or its metadata alone. */
export const shown = (type: ResourceType, object: KubeObject): KubeObject =>
  type.metadataOnly ? partialMetadataOf(object) : object;
