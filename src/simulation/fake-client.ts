import { assert, type Clock, type Random } from "#base";
import type {
  Client,
  DeleteCollectionOptions,
  DeleteOptions,
  GetOptions,
  List,
  ListOptions,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from "#client";
import {
  type Int64,
  nextGeneration,
  alreadyExists,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  conflict,
  deepFreeze,
  draftOf,
  expired,
  formatTime,
  groupVersion,
  invalid,
  invalidObject,
  keyOf,
  schemaForKind,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  type Pod,
  type ResourceType,
  type Status,
} from "#objects";
import { createFakeDiscovery } from "./fake-discovery.ts";
import { compileSelection, eventOf, shown } from "./fake-selection.ts";
import { FakeStore } from "./fake-store.ts";
import { NotInTestDouble } from "./not-in-test-double.ts";

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

export interface FakeClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What discovery shows, with the verbs of a stored kind. Default: discovery is refused. */
  readonly served?: readonly ResourceType[];
}

/**
 * The API in one file, to test components without an API server: objects in a map, one revision counter,
 * compare-and-set, patches, watches with resume. It has no rules of kinds (validation, defaults, admission, who may
 * what), writes no managedFields and sends no bookmarks between events; what else it lacks it refuses with
 * {@link NotInTestDouble}. The conformance suite of the `Client` port holds it to the rest.
 */
export function createFakeClient(options: FakeClientOptions): FakeClient {
  const { clock, random, served } = options;
  const store = new FakeStore();
  const writes: string[] = [];
  let forgotten = 0;
  let generationOfWatches = 0;

  const request = async (verb: string, type: ResourceType, key: ObjectKey, body?: object): Promise<void> => {
    // An answer never comes in the same turn.
    await Promise.resolve();
    if (!["get", "list", "watch"].includes(verb)) writes.push(`${verb} ${type.resource} ${keyOf(key)}`);
    client.before?.(verb, type, key, body);
  };
  const matching = (type: ResourceType, selection: ListOptions): KubeObject[] => {
    const matches = compileSelection(type, selection);
    return [...store.objects(type).entries()]
      .filter(([, object]) => matches(object))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  };
  /** Commits, or answers as a commit would. */
  const put = (type: ResourceType, change: "ADDED" | "MODIFIED" | "DELETED", draft: AnyDraft, dryRun = false) =>
    dryRun ? deepFreeze(draft as KubeObject) : store.commit(type, change, draft);

  const client: FakeClient = {
    discovery: createFakeDiscovery(served),
    before: undefined,
    writes,
    get revision() {
      return store.revision;
    },
    all: <T extends KubeObject>(type: ResourceType<T>) => [...store.objects(type).values()] as T[],
    edit<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, change: (draft: AnyDraft) => void): T {
      const old = store.current(type, key);
      const draft = draftOf(old) as AnyDraft;
      change(draft);
      countGeneration(old, draft);
      return store.commit(type, "MODIFIED", draft) as T;
    },
    remove(type, key) {
      store.commit(type, "DELETED", draftOf(store.current(type, key)) as AnyDraft);
    },
    breakWatches({ forget = false } = {}) {
      if (forget) forgotten = store.revision;
      generationOfWatches++;
      store.wakeAll();
    },
    async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, query: GetOptions = {}) {
      await request("get", type, key);
      checkSubresource(query.subresource);
      checkRevision(query.resourceVersion, store.revision);
      return shown(type, store.current(type, key)) as T;
    },
    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      await request("list", type, { namespace: query.namespace ?? "", name: "" });
      if (query.continue || query.resourceVersionMatch) throw new NotInTestDouble("lists of the past");
      checkRevision(query.resourceVersion, store.revision);
      const items = matching(type, query) as T[];
      // What is at hand comes whole from a real server, too.
      if (query.limit && query.resourceVersion !== "0" && items.length > query.limit)
        throw new NotInTestDouble("pages");
      return { resourceVersion: String(store.revision), items: items.map((item) => shown(type, item) as T) };
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, watch: WatchOptions) {
      await request("watch", type, { namespace: watch.namespace ?? "", name: "" });
      const broken = () => generation !== generationOfWatches;
      const generation = generationOfWatches;
      checkRevision(watch.resourceVersion, Infinity);
      yield* followed<T>(store, clock, type, watch, () => forgotten, broken);
    },
    async create<T extends KubeObject>(type: ResourceType<T>, object: object, write: PatchOptions = {}): Promise<T> {
      assert(!type.metadataOnly, "an object is created whole");
      const draft = draftOf({ apiVersion: groupVersion(type), kind: type.kind, ...object }) as AnyDraft;
      const { metadata } = draft;
      metadata.name ??= `${metadata.generateName ?? ""}${random.suffix(5)}`;
      const key: ObjectKey = { namespace: metadata.namespace ?? "", name: metadata.name };
      await request("create", type, key, object);
      checkWrite(write);
      if (store.objects(type).has(keyOf(key))) throw alreadyExists(type, key.name);
      metadata.uid = random.uuid();
      metadata.creationTimestamp = formatTime(clock.now());
      if ("spec" in draft) metadata.generation = 1;
      return put(type, "ADDED", draft, write.dryRun) as T;
    },
    async update<T extends KubeObject>(type: ResourceType<T>, object: T, write: PatchOptions = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      await request("update", type, object.metadata as ObjectKey, object);
      checkWrite(write);
      if (type.resource === "leases" && !store.objects(type).has(keyOf(object))) {
        throw new NotInTestDouble("creation by an update");
      }
      const old = store.current(type, object.metadata as ObjectKey);
      if (object.metadata.uid && object.metadata.uid !== old.metadata.uid) {
        throw conflict(type, old.metadata.name ?? "", "Precondition failed: UID in precondition");
      }
      return written(type, old, draftOf(object) as AnyDraft, write, put) as T;
    },
    async patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, write: PatchOptions = {}) {
      await request("patch", type, key, patch.body);
      checkWrite(write);
      const old = store.current(type, key);
      const draft = patched(type, old, patch);
      if (draft.metadata.uid !== old.metadata.uid) {
        const errors = [invalid("metadata.uid", draft.metadata.uid, "field is immutable")];
        throw invalidObject(type.group, type.kind, key.name, errors);
      }
      return shown(type, written(type, old, draft, write, put)) as T;
    },
    async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, deletion: DeleteOptions = {}) {
      await request("delete", type, key);
      const answer = removed(type, store.current(type, key), deletion, clock, put);
      return answer.kind === "Status" ? (answer as Status) : (shown(type, answer as KubeObject) as T);
    },
    async deleteCollection(type, selection, deletion: DeleteCollectionOptions = {}) {
      await request("deletecollection", type, { namespace: selection.namespace ?? "", name: "" });
      for (const object of matching(type, selection)) {
        if (deletion.signal?.aborted) return;
        removed(type, object, deletion, clock, put);
      }
    },
    async createSubresource(type, key, subresource, body) {
      await request(`create/${subresource}`, type, key, body);
      throw new NotInTestDouble(`subresource ${subresource}`);
    },
  };
  return client;
}

type Put = (type: ResourceType, change: "MODIFIED" | "DELETED", draft: AnyDraft, dryRun?: boolean) => KubeObject;

function checkWrite({ fieldManager, force, subresource }: PatchOptions): void {
  if (fieldManager !== undefined || force !== undefined) throw new NotInTestDouble("managed fields");
  checkSubresource(subresource);
}

function checkSubresource(subresource: string | undefined): void {
  if (subresource !== undefined && subresource !== "status" && subresource !== "finalize") {
    throw new NotInTestDouble(`subresource ${subresource}`);
  }
}

function checkRevision(resourceVersion: string | undefined, current: number): void {
  if (!resourceVersion) return;
  if (!/^\d+$/.test(resourceVersion)) throw badRequest(`Invalid value: ${JSON.stringify(resourceVersion)}`);
  if (Number(resourceVersion) > current) throw new NotInTestDouble("waiting for a revision that is yet to come");
}

/** The events of a watch, until it is aborted, its time is over, or it is broken off. */
async function* followed<T extends KubeObject>(
  store: FakeStore,
  clock: Clock,
  type: ResourceType<T>,
  { signal, timeoutSeconds, sendInitialEvents, ...query }: WatchOptions,
  forgotten: () => number,
  broken: () => boolean,
): AsyncGenerator<readonly WatchEvent<T>[], void, undefined> {
  const matches = compileSelection(type, query);
  const log = store.log(type);
  const initial = sendInitialEvents ?? Number(query.resourceVersion ?? 0) === 0;
  const from = initial || !query.resourceVersion ? store.revision : Number(query.resourceVersion);
  if (from < forgotten()) throw expired(`too old resource version: ${from} (${forgotten()})`);
  let at = log.findIndex((entry) => entry.revision > from);
  if (at < 0) at = log.length;
  let wake: () => void = () => {};
  let over = false;
  const onChange = () => wake();
  const forget = store.onChange(onChange);
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : clock.setTimeout(() => {
          over = true;
          wake();
        }, timeoutSeconds * 1000);
  signal.addEventListener("abort", onChange);
  try {
    if (initial) {
      const objects = [...store.objects(type).values()].filter(matches);
      const events: WatchEvent<T>[] = objects.map((object) => ({ type: "ADDED", object: shown(type, object) as T }));
      if (sendInitialEvents && query.allowWatchBookmarks) {
        events.push({ type: "BOOKMARK", resourceVersion: String(from), initialEventsEnd: true });
      }
      if (events.length > 0 && !signal.aborted) yield events;
    }
    while (!signal.aborted && !over && !broken()) {
      const batch = log.slice(at).flatMap((entry) => eventOf(type, entry, matches) as WatchEvent<T>[]);
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
    forget();
    timer?.cancel();
    signal.removeEventListener("abort", onChange);
  }
}

/** Replaces an object, or its status, by a draft that may name the version it was made from. */
function written(
  type: ResourceType,
  old: KubeObject,
  draft: AnyDraft,
  { subresource, dryRun }: PatchOptions,
  put: Put,
): KubeObject {
  const { resourceVersion } = draft.metadata;
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(type, old.metadata.name ?? "");
  }
  const next: AnyDraft =
    subresource === "status"
      ? // A write of the status takes metadata along, such as annotations, as the API does.
        { ...(draftOf(old) as AnyDraft), metadata: draft.metadata, status: draft["status"] }
      : draft;
  if (subresource !== "status" && "status" in old) next["status"] = draftOf((old as { status?: unknown }).status);
  Object.assign(next.metadata, {
    uid: old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    resourceVersion: old.metadata.resourceVersion,
    generation: old.metadata.generation,
  });
  if (JSON.stringify(next) === JSON.stringify(old)) return old;
  if (subresource === undefined) countGeneration(old, next);
  const gone = next.metadata.deletionTimestamp && !next.metadata.finalizers?.length && !runsOnNode(next);
  return put(type, gone ? "DELETED" : "MODIFIED", next, dryRun);
}

const FINALIZERS = { Background: [], Foreground: ["foregroundDeletion"], Orphan: ["orphan"] } as const;
const GRACE_SECONDS = 30;

/** Deletes, or begins to: what has finalizers stays, and so does a Pod that runs on a node. */
function removed(
  type: ResourceType,
  old: KubeObject,
  deletion: DeleteOptions,
  clock: Clock,
  put: Put,
): KubeObject | Status {
  const { uid = "", name = "", resourceVersion } = old.metadata;
  const { preconditions = {}, propagationPolicy = "Background", gracePeriodSeconds, dryRun } = deletion;
  for (const [what, wanted, found] of [
    ["UID", preconditions.uid, uid],
    ["ResourceVersion", preconditions.resourceVersion, resourceVersion],
  ] as const) {
    if (wanted !== undefined && wanted !== found) {
      throw conflict(type, name, `the ${what} in the precondition (${wanted}) does not match the ${what} in record`);
    }
  }
  if (!(propagationPolicy in FINALIZERS)) throw new NotInTestDouble(`propagation policy ${propagationPolicy}`);
  const draft = draftOf(old) as AnyDraft;
  const { metadata } = draft;
  const finalizers = [...new Set([...(metadata.finalizers ?? []), ...FINALIZERS[propagationPolicy]])];
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  const grace = runsOnNode(old) ? (gracePeriodSeconds ?? terminationGrace(old)) : 0;
  if (finalizers.length > 0 || grace > 0) {
    const shorter = grace < (metadata.deletionGracePeriodSeconds ?? 0);
    if (metadata.deletionTimestamp && !shorter) return old;
    metadata.deletionTimestamp = formatTime(clock.now() + Number(grace) * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    return put(type, "MODIFIED", draft, dryRun);
  }
  put(type, "DELETED", draft, dryRun);
  return deepFreeze({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(type.group ? { group: type.group } : {}), kind: type.resource, uid },
  });
}

const specOf = (object: object) => ("spec" in object ? object.spec : undefined);

function countGeneration(old: KubeObject, next: AnyDraft): void {
  if (JSON.stringify(specOf(next)) === JSON.stringify(specOf(old))) return;
  next.metadata.generation = nextGeneration(old.metadata.generation ?? 0);
}

const runsOnNode = (object: object): boolean => {
  const spec = specOf(object) as { nodeName?: string } | undefined;
  return "kind" in object && object.kind === "Pod" && Boolean(spec?.nodeName);
};

const terminationGrace = (pod: KubeObject): Int64 => (pod as Pod).spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS;

function patched(type: ResourceType, old: KubeObject, { type: how, body }: Patch): AnyDraft {
  const document = old as unknown as Readonly<Record<string, unknown>>;
  switch (how) {
    case "merge":
      return applyMergePatch(document, body) as AnyDraft;
    case "json":
      return applyJsonPatch(document, body) as AnyDraft;
    case "strategic": {
      const schema = schemaForKind(type.group, type.version, type.kind);
      if (!schema) throw new NotInTestDouble(`schema of ${type.kind}`);
      return applyStrategicMergePatch(document, body, schema) as AnyDraft;
    }
    case "apply":
      throw new NotInTestDouble("server-side apply");
  }
}
