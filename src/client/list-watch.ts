import { hasReason, keyOf, StatusError, type KubeObject } from "#objects";
import type { List, WatchEvent } from "./port.ts";
import { revisionOf } from "./resource-version.ts";

/**
 * How a cache is kept: one watch that begins with everything there is (a streamed list) and goes on with what
 * changes, resumed where it broke off, and begun anew only when the server has forgotten that far back. A server that
 * cannot stream a list is asked for pages, then watched from their version on. {@link step} decides; it neither waits
 * nor sends anything, the driver (reflector.ts) carries out the effects it returns and reports back.
 *
 * Follows client-go's reflector: a list by pages may at first be served from any server's cache (resourceVersion "0"),
 * later ones must not go back in time, and one that cannot be served at that version asks for the newest.
 */
export type State<T extends KubeObject = KubeObject> =
  | { readonly phase: "idle" }
  /** A streamed list is under way; `received` holds what has come of it. */
  | { readonly phase: "streaming"; readonly at: string; readonly received: Received<T>; readonly failures: number }
  /** A list is under way; `collected` holds the pages before this one. */
  | { readonly phase: "listing"; readonly at: ListFrom; readonly collected: readonly T[]; readonly failures: number }
  /** `failures` counts watches in a row that broke before they delivered anything. */
  | { readonly phase: "watching"; readonly resourceVersion: string; readonly failures: number }
  /** Waiting for a timer before `next` is tried. */
  | { readonly phase: "backing-off"; readonly next: Attempt; readonly failures: number }
  | { readonly phase: "stopped" };

/** Batches of events, the last first: taking another in costs nothing, however many there are. */
type Received<T extends KubeObject> =
  | { readonly events: readonly WatchEvent<T>[]; readonly before: Received<T> }
  | undefined;

/** Where a list starts: at any version, not older than one, or at the newest; in which page. */
export interface ListFrom {
  /** `"0"`: any. A version: not older. `""`: the newest. */
  readonly resourceVersion: string;
  readonly continue?: string;
}

type Attempt =
  | { readonly type: "stream"; readonly at: string }
  | { readonly type: "list"; readonly from: ListFrom }
  | { readonly type: "watch"; readonly resourceVersion: string };

export type Event<T extends KubeObject = KubeObject> =
  | { readonly type: "start" }
  | { readonly type: "listed"; readonly list: List<T> }
  | { readonly type: "list-failed"; readonly error: unknown }
  | { readonly type: "received"; readonly events: readonly WatchEvent<T>[] }
  /** The server ended the watch in good order after `lastedMs` milliseconds; `silent`: without any event. */
  | { readonly type: "watch-ended"; readonly lastedMs: number; readonly silent: boolean }
  | { readonly type: "watch-failed"; readonly error: unknown }
  | { readonly type: "timer" }
  | { readonly type: "stop" };

export type Effect<T extends KubeObject = KubeObject> =
  | { readonly type: "list"; readonly from: ListFrom; readonly limit: number }
  | { readonly type: "watch"; readonly resourceVersion: string }
  /** A watch that begins with all objects, not older than a version (`""`: the newest). */
  | { readonly type: "stream"; readonly resourceVersion: string }
  /** The cache is to hold exactly these objects. */
  | { readonly type: "replace"; readonly objects: readonly T[]; readonly resourceVersion: string }
  | { readonly type: "apply"; readonly events: readonly WatchEvent<T>[] }
  /** Wait between `ms` and twice as long, then report `timer`. */
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "report"; readonly message: string; readonly error: unknown };

export interface Step<T extends KubeObject> {
  readonly state: State<T>;
  readonly effects: readonly Effect<T>[];
}

/** Objects a page; ignored by servers that answer resourceVersion "0" from their cache. */
export const PAGE_SIZE = 500;
const INITIAL_BACK_OFF_MS = 800;
const MAX_BACK_OFF_MS = 30_000;
/** A watch that ends sooner than this without an event counts as a failure, so that it is not repeated in a circle. */
const SHORT_WATCH_MS = 1000;

/** What follows from an event in a state. Events that do not belong to the state (a late answer) change nothing. */
export function step<T extends KubeObject>(state: State<T>, event: Event<T>): Step<T> {
  if (event.type === "stop") return { state: { phase: "stopped" }, effects: [] };
  switch (state.phase) {
    case "idle":
      return event.type === "start" ? streaming("", 0) : stay(state);
    case "streaming":
      return afterStream(state, event);
    case "listing":
      return afterList(state, event);
    case "watching":
      return afterWatch(state, event);
    case "backing-off":
      if (event.type !== "timer") return stay(state);
      return attempted(state.next, state.failures);
    case "stopped":
      return stay(state);
  }
}

function attempted<T extends KubeObject>(next: Attempt, failures: number): Step<T> {
  switch (next.type) {
    case "stream":
      return streaming(next.at, failures);
    case "list":
      return listing(next.from, [], failures);
    case "watch":
      return watching(next.resourceVersion, failures);
  }
}

function afterStream<T extends KubeObject>(state: State<T> & { phase: "streaming" }, event: Event<T>): Step<T> {
  const again: Attempt = { type: "stream", at: state.at };
  switch (event.type) {
    case "received": {
      const end = event.events.findIndex((one) => one.type === "BOOKMARK" && one.initialEventsEnd);
      const received = { events: end < 0 ? event.events : event.events.slice(0, end), before: state.received };
      const bookmark = event.events[end];
      if (bookmark?.type !== "BOOKMARK") return { state: { ...state, received }, effects: [] };
      const { resourceVersion } = bookmark;
      const rest = event.events.slice(end + 1);
      return {
        state: { phase: "watching", resourceVersion: latest(resourceVersion, rest), failures: 0 },
        effects: [
          { type: "replace", objects: objectsIn(received), resourceVersion },
          ...(rest.length > 0 ? [{ type: "apply" as const, events: rest }] : []),
        ],
      };
    }
    case "watch-ended":
      return backOff(again, state.failures);
    case "watch-failed":
      // The server does not know how, or does not want to.
      if (hasReason(event.error, "Invalid", "BadRequest")) {
        return listing({ resourceVersion: state.at || "0" }, [], state.failures);
      }
      if (isTooOld(event.error) || (isTooNew(event.error) && state.at !== "")) return streaming("", state.failures);
      return backOff(again, state.failures, { message: "list failed", error: event.error });
    case "start":
    case "listed":
    case "list-failed":
    case "timer":
    case "stop":
      return stay(state);
  }
}

/** What a streamed list has told of: what changed while it came is in it, too. */
function objectsIn<T extends KubeObject>(received: Received<T>): readonly T[] {
  const batches: (readonly WatchEvent<T>[])[] = [];
  for (let batch = received; batch; batch = batch.before) batches.push(batch.events);
  const objects = new Map<string, T>();
  for (const event of batches.reverse().flat()) {
    if (event.type === "DELETED") objects.delete(keyOf(event.object));
    else if (event.type !== "BOOKMARK") objects.set(keyOf(event.object), event.object);
  }
  return [...objects.values()];
}

function afterList<T extends KubeObject>(state: State<T> & { phase: "listing" }, event: Event<T>): Step<T> {
  if (event.type === "listed") {
    const { list } = event;
    const objects = state.collected.length > 0 ? [...state.collected, ...list.items] : list.items;
    if (list.continue) return listing({ ...state.at, continue: list.continue }, objects, state.failures);
    const { state: next, effects } = watching<T>(list.resourceVersion, 0);
    return {
      state: next,
      effects: [{ type: "replace", objects, resourceVersion: list.resourceVersion }, ...effects],
    };
  }
  if (event.type === "list-failed") {
    // A continue token that expired, or a version this server does not have (any more, or yet): ask for the newest.
    if (isTooOld(event.error) || isTooNew(event.error)) {
      const newest: ListFrom = { resourceVersion: "" };
      if (state.at.resourceVersion !== "" || state.at.continue) return listing(newest, [], state.failures);
    }
    return backOff({ type: "list", from: { resourceVersion: state.at.resourceVersion } }, state.failures, {
      message: "list failed",
      error: event.error,
    });
  }
  return stay(state);
}

function afterWatch<T extends KubeObject>(state: State<T> & { phase: "watching" }, event: Event<T>): Step<T> {
  switch (event.type) {
    case "received":
      return {
        state: { ...state, resourceVersion: latest(state.resourceVersion, event.events), failures: 0 },
        effects: [{ type: "apply", events: event.events }],
      };
    case "watch-ended":
      return event.silent && event.lastedMs < SHORT_WATCH_MS
        ? backOff({ type: "watch", resourceVersion: state.resourceVersion }, state.failures)
        : watching(state.resourceVersion, 0);
    case "watch-failed":
      if (isTooOld(event.error)) return streaming(state.resourceVersion, state.failures);
      return backOff({ type: "watch", resourceVersion: state.resourceVersion }, state.failures, {
        message: "watch failed",
        error: event.error,
      });
    case "start":
    case "listed":
    case "list-failed":
    case "timer":
    case "stop":
      return stay(state);
  }
}

const stay = <T extends KubeObject>(state: State<T>): Step<T> => ({ state, effects: [] });

function streaming<T extends KubeObject>(at: string, failures: number): Step<T> {
  return {
    state: { phase: "streaming", at, received: undefined, failures },
    effects: [{ type: "stream", resourceVersion: at }],
  };
}

function listing<T extends KubeObject>(from: ListFrom, collected: readonly T[], failures: number): Step<T> {
  return {
    state: { phase: "listing", at: from, collected, failures },
    effects: [{ type: "list", from, limit: PAGE_SIZE }],
  };
}

function watching<T extends KubeObject>(resourceVersion: string, failures: number): Step<T> {
  return {
    state: { phase: "watching", resourceVersion, failures },
    effects: [{ type: "watch", resourceVersion }],
  };
}

function backOff<T extends KubeObject>(
  next: Attempt,
  failures: number,
  report?: { readonly message: string; readonly error: unknown },
): Step<T> {
  const ms = Math.min(INITIAL_BACK_OFF_MS * 2 ** failures, MAX_BACK_OFF_MS);
  return {
    state: { phase: "backing-off", next, failures: failures + 1 },
    effects: [...(report ? [{ type: "report" as const, ...report }] : []), { type: "wait", ms }],
  };
}

/** The version to resume from. Events of one watch are ordered, so the last that has one is the newest. */
function latest(resourceVersion: string, events: readonly WatchEvent[]): string {
  const last = events.at(-1);
  if (!last) return resourceVersion;
  const seen = last.type === "BOOKMARK" ? last.resourceVersion : last.object.metadata.resourceVersion;
  return seen && revisionOf(seen) > revisionOf(resourceVersion) ? seen : resourceVersion;
}

/** The server has compacted the version asked for: 410, as answer or as ERROR event. */
function isTooOld(error: unknown): boolean {
  return hasReason(error, "Expired", "Gone");
}

/** This server has not come as far as the version asked for (apimachinery's cause ResourceVersionTooLarge). */
function isTooNew(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    (error.status.details?.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge") ?? false)
  );
}
