import { EVENTS, formatTime, type CoreV1Event, type KubeObject, type ObjectReference } from "#objects";
import type { Client } from "../port.ts";
import { EventCorrelator, type NewEvent } from "./correlator.ts";
import { Delivery, type DeliveryOptions, type Shipment } from "./delivery.ts";
import { createEventNames, referenceTo } from "./name.ts";

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

export interface RecorderOptions extends DeliveryOptions {
  readonly client: Client;
  /** Who records: `deployment-controller`, `kubelet`. */
  readonly component: string;
  /** The node's name, for components that run on one. */
  readonly host?: string;
}

/** Makes an {@link EventRecorder} that writes Events of the core group, as most components do. */
export function createRecorder(options: RecorderOptions): EventRecorder {
  const { client, component, host = "", clock, random } = options;
  const correlator = new EventCorrelator();
  const delivery = new Delivery(options);
  const nameFor = createEventNames(random, component + host);

  const build = (about: KubeObject | ObjectReference, level: string, reason: string, message: string): NewEvent => {
    const involvedObject = referenceTo(about);
    const now = clock.now();
    const timestamp = formatTime(now);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: nameFor(involvedObject.name ?? "", now),
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

  const prepare = (event: NewEvent): Shipment | undefined => {
    const verdict = correlator.judge(event, clock.now());
    if (verdict.type === "drop") return undefined;
    const { namespace = "", name = "" } = verdict.event.metadata;
    const observe = (recorded: CoreV1Event) => correlator.observe(verdict.key, recorded);
    return {
      create: async () => observe(await client.create(EVENTS, verdict.event)),
      update:
        verdict.type === "count"
          ? async () => observe(await client.patch(EVENTS, { namespace, name }, { type: "merge", body: verdict.patch }))
          : undefined,
    };
  };

  return {
    event(about, level, reason, message) {
      const event = build(about, level, reason, message);
      delivery.send(`${event.metadata.namespace}/${event.involvedObject.name}`, () => prepare(event));
    },
    flush: () => delivery.whenIdle,
  };
}
