import { sleep, type Clock, type Log, type Random, type Scope } from "#base";
import { EVENTS, hasReason, StatusError, type CoreV1Event, type KubeObject, type ObjectReference } from "#objects";
import type { Client } from "../port.ts";
import { EventCorrelator, type NewEvent } from "./correlator.ts";

/** Records Events about objects, as `kubectl describe` and `kubectl events` show them. */
export interface EventRecorder {
  /**
   * Returns at once; the Event is sent in the background and may be lost (an overload, a server that is away):
   * Events inform, nothing depends on them. `about` is an object, or a reference to a part of one.
   */
  event(about: KubeObject | ObjectReference, level: "Normal" | "Warning", reason: string, message: string): void;
  /** Resolves once everything recorded so far was sent or given up. */
  flush(): Promise<void>;
}

export interface RecorderOptions {
  readonly client: Client;
  /** Who records: `deployment-controller`, `kubelet`. */
  readonly component: string;
  /** The node's name, for components that run on one. */
  readonly host?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it drops what is not sent yet. */
  readonly scope: Scope;
}

/** Events waiting at most; further ones are dropped, as client-go does. */
const MAX_WAITING = 1000;
/** Sent side by side; Events about one object always go through the same lane, in order. */
const LANES = 8;
const ATTEMPTS = 12;
const RETRY_MS = 10_000;

/** Makes an {@link EventRecorder}. */
export function createRecorder(options: RecorderOptions): EventRecorder {
  const { client, component, host = "", clock, random, log, scope } = options;
  const correlator = new EventCorrelator();
  const lanes = Array.from({ length: LANES }, () => ({ waiting: [] as NewEvent[], busy: false }));
  let waiting = 0;
  let names = 0;
  let whenIdle = Promise.withResolvers<void>();
  whenIdle.resolve();

  const build = (about: KubeObject | ObjectReference, level: string, reason: string, message: string): NewEvent => {
    const involvedObject = referenceTo(about);
    const now = clock.now();
    const timestamp = `${new Date(now).toISOString().slice(0, 19)}Z`;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: eventName(involvedObject.name ?? "", now, names++, random),
        namespace: involvedObject.namespace || "default",
      },
      involvedObject,
      reason,
      message,
      type: level,
      source: { component, ...(host ? { host } : {}) },
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
      reportingComponent: component,
      reportingInstance: host,
    };
  };

  const record = async (event: NewEvent): Promise<void> => {
    const verdict = correlator.judge(event, clock.now());
    if (verdict.type === "drop") return;
    const { namespace = "", name = "" } = verdict.event.metadata;
    let counting = verdict.type === "count";
    for (let attempt = 1; attempt <= ATTEMPTS && !scope.signal.aborted; attempt++) {
      try {
        const recorded: CoreV1Event =
          counting && verdict.type === "count"
            ? await client.patch(EVENTS, { namespace, name }, { type: "merge", body: verdict.patch })
            : await client.create(EVENTS, verdict.event);
        correlator.observe(verdict.key, recorded);
        return;
      } catch (error) {
        if (counting && hasReason(error, "NotFound")) {
          // The old one has expired meanwhile.
          counting = false;
        } else if (error instanceof StatusError && error.code < 500) {
          log.debug("event refused", { reason: event.reason, error });
          return;
        } else {
          await sleep(clock, RETRY_MS * (attempt === 1 ? random.next() : 1), scope.signal);
        }
      }
    }
    if (!scope.signal.aborted) log.warn("event lost", { reason: event.reason, message: event.message });
  };

  const drain = async (lane: (typeof lanes)[number]): Promise<void> => {
    try {
      for (let next = lane.waiting.shift(); next; next = lane.waiting.shift()) {
        waiting--;
        await record(next);
      }
    } finally {
      lane.busy = false;
      if (lanes.every(({ busy }) => !busy)) whenIdle.resolve();
    }
  };

  return {
    event(about, level, reason, message) {
      if (scope.signal.aborted) return;
      if (waiting >= MAX_WAITING) {
        log.debug("event dropped, too many waiting", { reason, message });
        return;
      }
      const event = build(about, level, reason, message);
      const lane = lanes[laneOf(`${event.metadata.namespace}/${event.involvedObject.name}`)]!;
      lane.waiting.push(event);
      waiting++;
      if (lane.busy) return;
      if (lanes.every(({ busy }) => !busy)) whenIdle = Promise.withResolvers<void>();
      lane.busy = true;
      scope.run("events", () => drain(lane));
    },
    flush: () => whenIdle.promise,
  };
}

/** A reference to the object, or what was handed in when it is one already. */
export function referenceTo(about: KubeObject | ObjectReference): ObjectReference {
  if (!("metadata" in about)) return about;
  const { namespace, name, uid, resourceVersion } = about.metadata;
  return {
    kind: about.kind,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(uid ? { uid } : {}),
    apiVersion: about.apiVersion,
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

const MAX_NAME = 253;

/** `<object>.<nanoseconds in hex>` (client-go GenerateEventName); the last digits tell Events of one millisecond apart. */
function eventName(object: string, now: number, counter: number, random: Random): string {
  const nanoseconds = BigInt(Math.floor(now)) * 1_000_000n + BigInt(counter % 1_000_000);
  const name = `${object}.${nanoseconds.toString(16)}`;
  return name.length <= MAX_NAME ? name : random.uuid();
}

function laneOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) >>> 0;
  return hash % LANES;
}
