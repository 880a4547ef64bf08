import { hasReason, internalError, StatusError, type KubeObject, type Status } from "#objects";
import {
  asStored,
  convertAhead,
  inVersion,
  type ResolvedResource,
  type StoredObject,
  type WatchEvent,
} from "#registry";
import type { Form } from "../http/accept.ts";
import { namingOf } from "../target.ts";
import { partialBytes, partialParts } from "./partial.ts";
import { rowParts, tableHead, tableMetadataOf, tableShapeOf, type IncludeObject } from "./table.ts";
import { concat, utf8 } from "./text.ts";

type ObjectEventType = "ADDED" | "MODIFIED" | "DELETED";

/** Turns an event into what is sent for it. */
export type Framer = (event: WatchEvent) => Uint8Array;

/** Frames of one form, by the stored object they are made of: every watcher sends the same bytes. */
type Frames = Readonly<Record<ObjectEventType, WeakMap<StoredObject, Uint8Array>>>;

const noFrames = (): Frames => ({ ADDED: new WeakMap(), MODIFIED: new WeakMap(), DELETED: new WeakMap() });

/** Whole objects, by the target that they are shown for: a kind that is served anew begins anew. */
const ofObjects = new WeakMap<ResolvedResource, Frames>();
/** Metadata alone, by the version of meta.k8s.io. */
const ofMetadata = new Map<string, Frames>();

function framesOf(target: ResolvedResource, metadataVersion: string | undefined): Frames {
  let frames = metadataVersion === undefined ? ofObjects.get(target) : ofMetadata.get(metadataVersion);
  if (frames) return frames;
  frames = noFrames();
  if (metadataVersion === undefined) ofObjects.set(target, frames);
  else ofMetadata.set(metadataVersion, frames);
  return frames;
}

const END = utf8("}\n");
const END_OF_MAP = utf8("}");
const END_OF_ROWS = utf8("]}");
const STARTS: Readonly<Record<WatchEvent["type"], Uint8Array>> = {
  ADDED: utf8('{"type":"ADDED","object":'),
  MODIFIED: utf8('{"type":"MODIFIED","object":'),
  DELETED: utf8('{"type":"DELETED","object":'),
  BOOKMARK: utf8('{"type":"BOOKMARK","object":'),
  ERROR: utf8('{"type":"ERROR","object":'),
};

/** How a watch's events are sent in a form. A framer serves one watch: a table's columns come with the first only. */
export function framerOf(
  target: ResolvedResource,
  form: Form,
  includeObject: IncludeObject,
  now: () => number,
): Framer {
  const { as } = form;
  if (as?.kind === "Table") return tableFramer(target, as.version, includeObject, now);
  const version = as?.version;
  const frames = framesOf(target, version);
  const bytesOf =
    version === undefined
      ? (stored: StoredObject) => inVersion(target, stored).bytes
      : (stored: StoredObject) => partialBytes(stored, version);
  return (event) => {
    switch (event.type) {
      case "BOOKMARK":
        return concat(STARTS.BOOKMARK, utf8(JSON.stringify(bookmarkOf(target, event, version))), END);
      case "ERROR":
        return errorFrame(event.status);
      case "ADDED":
      case "MODIFIED":
      case "DELETED": {
        const known = frames[event.type];
        let frame = known.get(event.object);
        if (!frame) {
          frame = concat(STARTS[event.type], bytesOf(event.object), END);
          known.set(event.object, frame);
        }
        return frame;
      }
    }
  };
}

/** How many events are framed at once. */
const FRAMES = 32;

/** The frames of a watch, in groups. Whatever goes wrong on the way is the last event. */
export async function* watchFrames(
  target: ResolvedResource,
  events: AsyncIterable<readonly WatchEvent[]>,
  framer: Framer,
  onError: (error: unknown) => void,
): AsyncGenerator<readonly Uint8Array[]> {
  try {
    for await (const batch of events) {
      const converting = convertAhead(
        target,
        batch.flatMap((event) => ("object" in event ? event.object : [])),
      );
      if (converting) await converting;
      // What a watch begins with may be thousands: they are framed as the client takes them.
      for (let at = 0; at < batch.length; at += FRAMES) yield batch.slice(at, at + FRAMES).map(framer);
    }
  } catch (error) {
    if (!(error instanceof StatusError) || hasReason(error, "InternalError")) onError(error);
    const { status } = error instanceof StatusError ? error : internalError("the watch was broken off");
    yield [framer({ type: "ERROR", status })];
  }
}

const errorFrame = (status: Status) => concat(STARTS.ERROR, utf8(JSON.stringify(status)), END);

type Bookmark = Extract<WatchEvent, { readonly type: "BOOKMARK" }>;

function bookmarkOf(target: ResolvedResource, event: Bookmark, partialVersion: string | undefined): KubeObject {
  const { kind } = target.resource.definition;
  return {
    kind: partialVersion === undefined ? kind : "PartialObjectMetadata",
    apiVersion: partialVersion === undefined ? namingOf(target).apiVersion : `meta.k8s.io/${partialVersion}`,
    metadata: {
      resourceVersion: String(event.revision),
      ...(event.initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
  };
}

function tableFramer(
  target: ResolvedResource,
  version: string,
  includeObject: IncludeObject,
  now: () => number,
): Framer {
  const shape = tableShapeOf(target);
  let first = true;
  return (event) => {
    if (event.type === "ERROR") return errorFrame(event.status);
    const isBookmark = event.type === "BOOKMARK";
    const stored = isBookmark ? asStored(bookmarkOf(target, event, undefined)) : event.object;
    const head = tableHead(shape, version, tableMetadataOf(stored.object), first);
    first = false;
    const open = utf8(`${JSON.stringify(head).slice(0, -1)},"rows":[`);
    // A bookmark has no fields that cells could be made of.
    const row = isBookmark
      ? [
          utf8(`{"cells":${JSON.stringify(shape.columns.map(() => null))},"object":`),
          ...partialParts(stored, version),
          END_OF_MAP,
        ]
      : rowParts(shape, target, stored, { includeObject, version, now: now() });
    return concat(STARTS[event.type], open, ...row, END_OF_ROWS, END);
  };
}
