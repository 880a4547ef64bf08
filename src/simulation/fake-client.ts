import type { Clock, Random } from "#base";
import type { Client, DeleteOptions, List, ListOptions, Patch, Selection, WatchEvent, WatchOptions } from "#client";
import {
  alreadyExists,
  conflict,
  deepFreeze,
  draftOf,
  expired,
  groupResource,
  groupVersion,
  keyOf,
  notFoundError,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
  type Status,
} from "#objects";
import { mergePatch, strategicPatch } from "./fake-patch.ts";

/** What a test can do with the API behind a {@link FakeClient}. */
export interface FakeClient extends Client {
  readonly revision: number;
  /** Every write, in order: `create pods default/web-x`. */
  readonly writes: readonly string[];
  /** Called before every request; throwing makes the request fail. */
  before: ((verb: string, type: ResourceType, key: ObjectKey, body?: object) => void) | undefined;
  /** The objects of a kind now. */
  all<T extends KubeObject>(type: ResourceType<T>): readonly T[];
  /** Changes an object as some other component would. */
  edit<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, change: (draft: AnyDraft) => void): T;
  /** Removes an object at once, whatever finalizers or grace it has. */
  remove(type: ResourceType, key: ObjectKey): void;
  /** Ends every watch; those that resume below this revision get 410 when `forget` is set. */
  breakWatches(options?: { readonly forget?: boolean }): void;
}

interface Logged {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/**
 * The API in a few dozen lines, to test components without an API server: objects in a map, one revision
 * counter, compare-and-set, watches with resume. No validation, defaults or admission. Pods that run on a node
 * are deleted gracefully: they stay, with a deletionTimestamp, until somebody removes them.
 */
export function createFakeClient(options: { readonly clock: Clock; readonly random: Random }): FakeClient {
  const { clock, random } = options;
  const stores = new Map<string, Map<string, KubeObject>>();
  const logs = new Map<string, Logged[]>();
  const wakers = new Set<() => void>();
  const writes: string[] = [];
  let revision = 1;
  let forgotten = 0;
  let generationOfWatches = 0;

  const storeOf = (type: ResourceType) => getOrMake(stores, groupResource(type), () => new Map<string, KubeObject>());
  const logOf = (type: ResourceType) => getOrMake(logs, groupResource(type), () => [] as Logged[]);
  const timestamp = () => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

  const commit = (type: ResourceType, kind: Logged["type"], draft: AnyDraft): KubeObject => {
    revision++;
    draft.metadata.resourceVersion = String(revision);
    const object = deepFreeze(draft as KubeObject);
    const store = storeOf(type);
    const previous = store.get(keyOf(object));
    if (kind === "DELETED") store.delete(keyOf(object));
    else store.set(keyOf(object), object);
    logOf(type).push({ revision, type: kind, object, previous });
    for (const wake of wakers) wake();
    return object;
  };

  const current = (type: ResourceType, key: ObjectKey): KubeObject => {
    const object = storeOf(type).get(keyOf(key));
    if (!object) throw notFoundError(type, key.name);
    return object;
  };

  const write = (type: ResourceType, old: KubeObject, draft: AnyDraft, subresource: string | undefined): KubeObject => {
    const { metadata } = draft;
    if (metadata.resourceVersion && metadata.resourceVersion !== old.metadata.resourceVersion) {
      throw conflict(type, old.metadata.name ?? "");
    }
    if (metadata.uid && metadata.uid !== old.metadata.uid) {
      throw conflict(type, old.metadata.name ?? "", "Precondition failed: UID in precondition");
    }
    const next = subresource === "status" ? statusWritten(draftOf(old) as AnyDraft, draft) : draft;
    if (subresource !== "status" && "status" in old) next.status = draftOf((old as { status?: unknown }).status);
    Object.assign(next.metadata, {
      uid: old.metadata.uid,
      creationTimestamp: old.metadata.creationTimestamp,
      resourceVersion: old.metadata.resourceVersion,
      generation: old.metadata.generation,
    });
    if (JSON.stringify(next) === JSON.stringify(old)) return old;
    if (subresource === undefined && JSON.stringify(specOf(next)) !== JSON.stringify(specOf(old))) {
      next.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    const gone = next.metadata.deletionTimestamp && !next.metadata.finalizers?.length && !runsOnNode(next);
    return commit(type, gone ? "DELETED" : "MODIFIED", next);
  };

  const request = async (verb: string, type: ResourceType, key: ObjectKey, body?: object): Promise<void> => {
    // An answer never comes in the same turn.
    await Promise.resolve();
    if (!["get", "list", "watch"].includes(verb)) writes.push(`${verb} ${type.resource} ${keyOf(key)}`);
    client.before?.(verb, type, key, body);
  };

  const matching = (type: ResourceType, selection: Selection) =>
    [...storeOf(type).values()].filter((object) => selects(selection, object));

  const remove = (type: ResourceType, key: ObjectKey, deletion: DeleteOptions = {}): KubeObject | Status => {
    const old = current(type, key);
    if (deletion.preconditions?.uid && deletion.preconditions.uid !== old.metadata.uid) {
      throw conflict(type, key.name, "the UID in the precondition does not match the UID in record");
    }
    const draft = draftOf(old) as AnyDraft;
    const stays = old.metadata.finalizers?.length || (runsOnNode(old) && deletion.gracePeriodSeconds !== 0);
    if (stays) {
      if (old.metadata.deletionTimestamp) return old;
      draft.metadata.deletionTimestamp = timestamp();
      return commit(type, "MODIFIED", draft);
    }
    commit(type, "DELETED", draft);
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { uid: old.metadata.uid ?? "" },
    };
  };

  const client: FakeClient = {
    before: undefined,
    writes,
    get revision() {
      return revision;
    },
    all: <T extends KubeObject>(type: ResourceType<T>) => [...storeOf(type).values()] as T[],
    edit<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, change: (draft: AnyDraft) => void): T {
      const old = current(type, key);
      const draft = draftOf(old) as AnyDraft;
      change(draft);
      if (JSON.stringify(specOf(draft)) !== JSON.stringify(specOf(old))) {
        draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
      return commit(type, "MODIFIED", draft) as T;
    },
    remove(type, key) {
      commit(type, "DELETED", draftOf(current(type, key)) as AnyDraft);
    },
    breakWatches({ forget = false } = {}) {
      if (forget) forgotten = revision;
      generationOfWatches++;
      for (const wake of wakers) wake();
    },
    async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey) {
      await request("get", type, key);
      return current(type, key) as T;
    },
    async list<T extends KubeObject>(type: ResourceType<T>, selection: ListOptions = {}): Promise<List<T>> {
      await request("list", type, { namespace: selection.namespace ?? "", name: "" });
      return { resourceVersion: String(revision), items: matching(type, selection) as T[] };
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, watch: WatchOptions) {
      await request("watch", type, { namespace: watch.namespace ?? "", name: "" });
      const from = Number(watch.resourceVersion ?? revision);
      if (from < forgotten) throw expired(`too old resource version: ${from} (${forgotten})`);
      const log = logOf(type);
      const generation = generationOfWatches;
      let at = log.findIndex((entry) => entry.revision > from);
      if (at < 0) at = log.length;
      let wake: () => void = () => {};
      const onChange = () => wake();
      wakers.add(onChange);
      watch.signal.addEventListener("abort", onChange);
      try {
        while (!watch.signal.aborted && generation === generationOfWatches) {
          const batch = log.slice(at).flatMap((entry) => eventOf(entry, watch) as WatchEvent<T>[]);
          at = log.length;
          if (batch.length > 0) {
            yield batch;
            continue;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        wakers.delete(onChange);
        watch.signal.removeEventListener("abort", onChange);
      }
    },
    async create<T extends KubeObject>(type: ResourceType<T>, object: object): Promise<T> {
      const draft = draftOf({ apiVersion: groupVersion(type), kind: type.kind, ...object }) as AnyDraft;
      const { metadata } = draft;
      metadata.name ??= `${metadata.generateName ?? ""}${random.suffix(5)}`;
      const key: ObjectKey = { namespace: metadata.namespace ?? "", name: metadata.name };
      await request("create", type, key, object);
      if (storeOf(type).has(keyOf(key))) throw alreadyExists(type, key.name);
      metadata.uid = random.uuid();
      metadata.creationTimestamp = timestamp();
      if ("spec" in draft) metadata.generation = 1;
      return commit(type, "ADDED", draft) as T;
    },
    async update<T extends KubeObject>(type: ResourceType<T>, object: T, update: { subresource?: string } = {}) {
      await request("update", type, object.metadata as ObjectKey, object);
      const old = current(type, object.metadata as ObjectKey);
      return write(type, old, draftOf(object) as AnyDraft, update.subresource) as T;
    },
    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      patch: Patch,
      update: { subresource?: string } = {},
    ) {
      await request("patch", type, key, patch.body);
      const old = current(type, key);
      return write(type, old, patched(old, patch), update.subresource) as T;
    },
    async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, deletion: DeleteOptions = {}) {
      await request("delete", type, key);
      return remove(type, key, deletion) as T | Status;
    },
    async deleteCollection(type, selection, deletion = {}) {
      await request("deletecollection", type, { namespace: selection.namespace ?? "", name: "" });
      for (const object of matching(type, selection)) remove(type, object.metadata as ObjectKey, deletion);
    },
    async createSubresource(type, key, subresource, body) {
      await request(`create/${subresource}`, type, key, body);
      throw new Error(`the fake API has no subresource ${subresource}`);
    },
  };
  return client;
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** A write of the status takes metadata along, such as annotations, as the API does. */
const statusWritten = (old: AnyDraft, draft: AnyDraft): AnyDraft => ({
  ...old,
  metadata: draft.metadata,
  status: draft.status,
});

const specOf = (object: object) => ("spec" in object ? object.spec : undefined);

const runsOnNode = (object: object): boolean => {
  const spec = specOf(object) as { nodeName?: string } | undefined;
  return "kind" in object && object.kind === "Pod" && Boolean(spec?.nodeName);
};

function patched(old: KubeObject, patch: Patch): AnyDraft {
  switch (patch.type) {
    case "merge":
      return mergePatch(draftOf(old), patch.body) as AnyDraft;
    case "strategic":
      return strategicPatch(draftOf(old), patch.body) as AnyDraft;
    case "json":
    case "apply":
      throw new Error(`the fake API knows no ${patch.type} patch`);
  }
}

/** How a change looks through a selection: an object may enter or leave it. */
function eventOf({ type, object, previous }: Logged, selection: Selection): WatchEvent[] {
  const now = type !== "DELETED" && selects(selection, object);
  const before = previous !== undefined && selects(selection, previous);
  if (now) return [{ type: before ? "MODIFIED" : "ADDED", object }];
  return before ? [{ type: "DELETED", object }] : [];
}

function selects({ namespace, labelSelector, fieldSelector }: Selection, object: KubeObject): boolean {
  if (namespace && object.metadata.namespace !== namespace) return false;
  const labels: Readonly<Record<string, string>> = object.metadata.labels ?? {};
  return (
    everyPair(labelSelector, (key) => labels[key] ?? "") &&
    everyPair(fieldSelector, (path) => {
      let value: unknown = object;
      for (const part of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
      return typeof value === "string" ? value : "";
    })
  );
}

/** `a=b,c!=d`: all that the fake understands of selectors. */
function everyPair(text: string | undefined, valueOf: (key: string) => string): boolean {
  if (!text) return true;
  return text.split(",").every((pair) => {
    const [, key = "", operator, value] = /^([^=!]+)(!?=)=?(.*)$/.exec(pair) ?? [];
    return (valueOf(key) === value) === (operator === "=");
  });
}
