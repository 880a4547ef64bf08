/** A registry with two small kinds on a memory store and a virtual clock, for the tests of this room. */
import { createRandom, createVirtualClock, silentLog, type VirtualClock } from "#base";
import { draftOf, forbidden, schemaOf, type AnyDraft, type KubeObject, type ObjectSchema, type Schema } from "#objects";
import type { Store } from "#store";
import { createMemoryStore } from "#store/memory";
import type { WatchEvent, WatchQuery, WriteOptions } from "../contract.ts";
import type { Registry, Resource, ResourceDefinition } from "../definition.ts";
import { createRegistry } from "../create-registry.ts";

export interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly node?: string };
  readonly status?: { readonly phase?: string };
}

const scalar = (type: "string" | "int32"): Schema => ({ type: "scalar", scalar: type });

export const STRING = scalar("string");
export const INTEGER = scalar("int32");

/** The structure of an object of these fields. */
export const objectSchema = (fields: Readonly<Record<string, Schema>>): ObjectSchema => ({
  type: "object",
  fields: new Map(Object.entries(fields).map(([name, schema]) => [name, { schema, patchStrategy: [] }])),
  required: [],
});

/** The structure of a kind with metadata and these fields. */
export const kindSchema = (fields: Readonly<Record<string, Schema>>): ObjectSchema =>
  objectSchema({
    apiVersion: STRING,
    kind: STRING,
    metadata: schemaOf("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
    ...fields,
  });

export const WIDGETS = {
  group: "example.com",
  resource: "widgets",
  singular: "widget",
  kind: "Widget",
  namespaced: true,
  storageVersion: "v1",
  versions: [
    {
      version: "v1",
      schema: kindSchema({
        spec: objectSchema({ size: INTEGER, node: STRING }),
        status: objectSchema({ phase: STRING }),
      }),
    },
  ],
  hasStatus: true,
  hasGeneration: true,
  requiresResourceVersionOnUpdate: false,
  selectableFields: { "spec.node": (object: Widget) => object.spec?.node ?? "" },
  validate: (object: Widget) => ((object.spec?.size ?? 0) < 0 ? [forbidden("spec.size", "may not be negative")] : []),
} as unknown as ResourceDefinition;

export const GRACEFUL = {
  ...WIDGETS,
  resource: "gadgets",
  kind: "Gadget",
  gracefulDeletion: (_object: KubeObject, requested: number | undefined) => requested ?? 30,
} as ResourceDefinition;

export const USER: WriteOptions = { user: { username: "admin", groups: ["system:masters"] } };

export interface RegistryWorld {
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly widgets: Resource;
}

export async function createRegistryWorld(
  options: {
    readonly definitions?: readonly ResourceDefinition[];
    readonly store?: Store;
    readonly seed?: number;
    readonly ringSize?: number;
    /** Milliseconds since the epoch; default 2026-01-01. */
    readonly startsAt?: number;
    /** Default one of its own. */
    readonly clock?: VirtualClock;
  } = {},
): Promise<RegistryWorld & AsyncDisposable> {
  const clock = options.clock ?? createVirtualClock(options.startsAt);
  const store = options.store ?? createMemoryStore({ clock });
  const registry = await createRegistry({
    definitions: options.definitions ?? [WIDGETS],
    store,
    clock,
    random: createRandom(options.seed ?? 1),
    log: silentLog,
    ...(options.ringSize === undefined ? {} : { ringSize: options.ringSize }),
  });
  return {
    registry,
    store,
    clock,
    widgets: registry.resource("example.com", "widgets")!,
    async [Symbol.asyncDispose]() {
      await registry.close();
      if (!options.store) await store.close();
    },
  };
}

/** A widget's draft; `namespace` "default". */
export function widget(
  name: string,
  more: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): AnyDraft {
  return {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { namespace: "default", name, ...metadata },
    ...more,
  } as AnyDraft;
}

/** A change that sets some fields of the object. */
export const setting =
  (fields: Record<string, unknown>, metadata: Record<string, unknown> = {}) =>
  (current: KubeObject | undefined): AnyDraft => {
    const draft = draftOf(current ?? widget("new")) as AnyDraft;
    Object.assign(draft, fields);
    Object.assign(draft.metadata, metadata);
    return draft;
  };

/** Reads a watch bit by bit. */
export function reader(resource: Resource, query: Omit<WatchQuery, "signal"> = {}) {
  const stop = new AbortController();
  const iterator = resource.watch({ ...query, signal: stop.signal })[Symbol.asyncIterator]();
  let rest: WatchEvent[] = [];
  let pending: Promise<IteratorResult<readonly WatchEvent[]>> | undefined;
  const next = () => {
    const result = pending ?? iterator.next();
    pending = undefined;
    return result;
  };
  return {
    /** Lets the watch begin without reading on. */
    begin() {
      pending ??= iterator.next();
    },
    /** The next `count` events. */
    async take(count: number): Promise<WatchEvent[]> {
      while (rest.length < count) {
        const result = await next();
        if (result.done) throw new Error(`the watch ended after ${rest.length} of ${count} events`);
        rest.push(...result.value);
      }
      const taken = rest.slice(0, count);
      rest = rest.slice(count);
      return taken;
    },
    /** Everything until it ends. */
    async all(): Promise<WatchEvent[]> {
      for (;;) {
        const result = await next();
        if (result.done) return rest;
        rest.push(...result.value);
      }
    },
    async stop() {
      stop.abort();
      await iterator.return?.();
    },
  };
}

/** `ADDED a@5`: how the tests write events. */
export function told(event: WatchEvent): string {
  if (event.type === "BOOKMARK") return `BOOKMARK @${event.revision}${event.initialEventsEnd ? " end" : ""}`;
  if (event.type === "ERROR") return `ERROR ${event.status.reason}: ${event.status.message}`;
  return `${event.type} ${event.object.key.name}@${event.object.revision}`;
}
