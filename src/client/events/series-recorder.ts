import { every } from "#base";
import { EVENTS_V1, formatMicroTime, type EventsV1Event, type KubeObject } from "#objects";
import type { Client } from "../port.ts";
import { Delivery, type DeliveryOptions, type Shipment } from "./delivery.ts";
import { createEventNames, referenceTo } from "./name.ts";
import { EventSeriesKeeper, FINISH_MS, REFRESH_MS, type SeriesUpdate } from "./series.ts";

/** What a component did, or could not do, regarding an object. */
export interface ActionEvent {
  readonly regarding: KubeObject;
  /** What was involved beside it. */
  readonly related?: KubeObject;
  readonly type: "Normal" | "Warning";
  /** Why, as one word: `FailedScheduling`. */
  readonly reason: string;
  /** What was done or tried, as one word: `Scheduling`. */
  readonly action: string;
  readonly note: string;
}

/** Records Events of the group events.k8s.io. As with the core ones, nothing depends on their arrival. */
export interface SeriesRecorder {
  event(event: ActionEvent): void;
  /** Resolves once everything recorded so far was sent or given up. */
  flush(): Promise<void>;
}

export interface SeriesRecorderOptions extends DeliveryOptions {
  readonly client: Client;
  /** Who records: `default-scheduler`. */
  readonly controller: string;
  /** The machine that it runs on; with the controller's name it tells the instance. */
  readonly host: string;
}

/** Makes a {@link SeriesRecorder}, for components that write Events as the scheduler does. */
export function createSeriesRecorder(options: SeriesRecorderOptions): SeriesRecorder {
  const { client, controller, host, clock, random, scope } = options;
  const keeper = new EventSeriesKeeper();
  const delivery = new Delivery(options);
  const nameFor = createEventNames(random, controller + host);

  const build = ({ regarding, related, type, reason, action, note }: ActionEvent): EventsV1Event => {
    const reference = referenceTo(regarding);
    const now = clock.now();
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: nameFor(reference.name ?? "", now), namespace: reference.namespace || "default" },
      eventTime: formatMicroTime(now),
      reportingController: controller,
      reportingInstance: `${controller}-${host}`,
      action,
      reason,
      regarding: reference,
      ...(related ? { related: referenceTo(related) } : {}),
      note,
      type,
    };
  };
  const subjectOf = ({ metadata, regarding }: EventsV1Event) => `${metadata.namespace}/${regarding?.name}`;
  const creation = (event: EventsV1Event): Shipment => ({
    create: async () => void (await client.create(EVENTS_V1, event)),
  });
  const update = ({ event, series }: SeriesUpdate): Shipment => {
    const { namespace = "", name = "" } = event.metadata;
    return {
      update: async () =>
        void (await client.patch(EVENTS_V1, { namespace, name }, { type: "merge", body: { series } })),
      create: async () => void (await client.create(EVENTS_V1, { ...event, series })),
    };
  };
  const sendAll = (updates: readonly SeriesUpdate[]) => {
    for (const one of updates) delivery.send(subjectOf(one.event), () => update(one));
  };
  const timers = [
    every(clock, FINISH_MS, () => sendAll(keeper.finish(clock.now()))),
    every(clock, REFRESH_MS, () => sendAll(keeper.refresh())),
  ];
  scope.defer(() => timers.forEach((timer) => timer.cancel()));

  return {
    event(parts) {
      const event = build(parts);
      delivery.send(subjectOf(event), () => {
        const verdict = keeper.judge(event, clock.now());
        if (verdict.type === "count") return undefined;
        return verdict.type === "update" ? update(verdict) : creation(verdict.event);
      });
    },
    flush: () => delivery.whenIdle,
  };
}
