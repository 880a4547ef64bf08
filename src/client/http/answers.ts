import { deepFreeze, parseJson, typeInAnswers, type KubeObject, type ResourceType, type Status } from "#objects";
import type { List, WatchEvent } from "../port.ts";

/** A list as an API server writes it. */
export interface RawList<T> {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items?: readonly T[] | null;
}

type RawEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: Status };

/** A list as the client hands it out: its items have their kind. */
export function listOf<T extends KubeObject>(type: ResourceType<T>, { metadata, items }: RawList<T>): List<T> {
  const { resourceVersion = "", continue: next, remainingItemCount } = metadata;
  return {
    resourceVersion,
    items: (items ?? []).map((item) => named(type, item)),
    ...(next ? { continue: next } : {}),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** The events that the lines of a watch hold, up to the first error, which ends a watch. */
export function eventsOf<T extends KubeObject>(
  type: ResourceType<T>,
  lines: Iterable<string>,
): { readonly events: readonly WatchEvent<T>[]; readonly error?: Status } {
  const events: WatchEvent<T>[] = [];
  for (const line of lines) {
    const event = deepFreeze(parseJson(line) as RawEvent<T>);
    if (event.type === "ERROR") return { events, error: event.object };
    events.push(eventOf(type, event));
  }
  return { events };
}

function eventOf<T extends KubeObject>(
  type: ResourceType<T>,
  event: Exclude<RawEvent<T>, { readonly type: "ERROR" }>,
): WatchEvent<T> {
  if (event.type !== "BOOKMARK") return { type: event.type, object: named(type, event.object) };
  const { resourceVersion = "", annotations } = event.object.metadata;
  return {
    type: "BOOKMARK",
    resourceVersion,
    initialEventsEnd: annotations?.["k8s.io/initial-events-end"] === "true",
  };
}

/** The items of a list come without their kind; all other objects have it. */
function named<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  if (object.kind && object.apiVersion) return object;
  return Object.freeze({ ...object, ...typeInAnswers(type) });
}
