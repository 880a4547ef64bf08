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
  WatchOptions,
} from "#client";
import {
  alreadyExists,
  badRequest,
  conflict,
  deepFreeze,
  draftOf,
  formatTime,
  groupVersion,
  invalid,
  invalidObject,
  keyOf,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
  type Scale,
} from "#objects";
import { createFakeDiscovery } from "./fake-discovery.ts";
import { compileSelection, shown } from "./fake-selection.ts";
import { scaleOf, withReplicas } from "./fake-scale.ts";
import { FakeStore } from "./fake-store.ts";
import { FakeWatches } from "./fake-watches.ts";
import { countGeneration, deletedStatus, deletion, patched, replacement, type FakeWrite } from "./fake-writes.ts";
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
  /** Changes what discovery shows. */
  serve(types: readonly ResourceType[]): void;
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
  const store = new FakeStore();
  const watches = new FakeWatches(store, options.clock);
  const writes: string[] = [];
  const discovery = createFakeDiscovery(options.served);
  const controls: Omit<FakeClient, keyof Client> = {
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
    serve: (types) => discovery.serve(types),
    breakWatches: ({ forget = false } = {}) => watches.breakAll(forget),
  };
  const request: NoteRequest = async (verb, type, key, body) => {
    // An answer never comes in the same turn.
    await Promise.resolve();
    if (!["get", "list", "watch"].includes(verb)) writes.push(`${verb} ${type.resource} ${keyOf(key)}`);
    controls.before?.(verb, type, key, body);
  };
  // `controls` stays the object that it is: a test sets `before` on it.
  return Object.assign(controls, { discovery }, reads(store, watches, request), writing(store, options, request));
}

/** What every request begins with. */
type NoteRequest = (verb: string, type: ResourceType, key: ObjectKey, body?: object) => Promise<void>;

function reads(store: FakeStore, watches: FakeWatches, request: NoteRequest): Pick<Client, "get" | "list" | "watch"> {
  return {
    async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, query: GetOptions = {}) {
      await request("get", type, key);
      if (query.subresource === "scale") return scaleOf(store.current(type, key)) as KubeObject as T;
      checkSubresource(query.subresource);
      checkRevision(query.resourceVersion, store.revision);
      return shown(type, store.current(type, key)) as T;
    },
    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      await request("list", type, { namespace: query.namespace ?? "", name: "" });
      if (query.continue || query.resourceVersionMatch) throw new NotInTestDouble("lists of the past");
      checkRevision(query.resourceVersion, store.revision);
      const items = matching(store, type, query) as T[];
      // What is at hand comes whole from a real server, too.
      if (query.limit && query.resourceVersion !== "0" && items.length > query.limit)
        throw new NotInTestDouble("pages");
      return { resourceVersion: String(store.revision), items: items.map((item) => shown(type, item) as T) };
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, query: WatchOptions) {
      await request("watch", type, { namespace: query.namespace ?? "", name: "" });
      checkRevision(query.resourceVersion, Infinity);
      yield* watches.open(type, query);
    },
  };
}

function writing(
  store: FakeStore,
  { clock, random }: FakeClientOptions,
  request: NoteRequest,
): Omit<Client, "get" | "list" | "watch" | "discovery"> {
  /** Commits, or answers as a commit would. */
  const commit = (type: ResourceType, { change, draft }: FakeWrite, dryRun = false): KubeObject =>
    dryRun ? deepFreeze(draft as KubeObject) : store.commit(type, change, draft);
  const replace = (type: ResourceType, old: KubeObject, draft: AnyDraft, { subresource, dryRun }: PatchOptions) => {
    const write = replacement(type, old, draft, subresource);
    return write ? commit(type, write, dryRun) : old;
  };
  return {
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
      return commit(type, { change: "ADDED", draft }, write.dryRun) as T;
    },
    async update<T extends KubeObject>(type: ResourceType<T>, object: T, write: PatchOptions = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      await request("update", type, object.metadata as ObjectKey, object);
      if (write.subresource === "scale") {
        const scaled = store.current(type, object.metadata as ObjectKey);
        return scaleOf(replace(type, scaled, withReplicas(scaled, object as Scale), {})) as KubeObject as T;
      }
      checkWrite(write);
      if (type.resource === "leases" && !store.objects(type).has(keyOf(object))) {
        throw new NotInTestDouble("creation by an update");
      }
      const old = store.current(type, object.metadata as ObjectKey);
      if (object.metadata.uid && object.metadata.uid !== old.metadata.uid) {
        throw conflict(type, old.metadata.name ?? "", "Precondition failed: UID in precondition");
      }
      return replace(type, old, draftOf(object) as AnyDraft, write) as T;
    },
    async patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, write: PatchOptions = {}) {
      await request("patch", type, key, patch.body);
      if (write.subresource === "scale") {
        const scaled = store.current(type, key);
        const scale = patched(type, scaleOf(scaled), patch) as unknown as Scale;
        return scaleOf(replace(type, scaled, withReplicas(scaled, scale), {})) as KubeObject as T;
      }
      checkWrite(write);
      const old = store.current(type, key);
      const draft = patched(type, old, patch);
      if (draft.metadata.uid !== old.metadata.uid) {
        const errors = [invalid("metadata.uid", draft.metadata.uid, "field is immutable")];
        throw invalidObject(type.group, type.kind, key.name, errors);
      }
      return shown(type, replace(type, old, draft, write)) as T;
    },
    async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: DeleteOptions = {}) {
      await request("delete", type, key);
      const old = store.current(type, key);
      const write = deletion(type, old, options, clock.now());
      const object = write ? commit(type, write, options.dryRun) : old;
      return write?.change === "DELETED" ? deletedStatus(type, old) : (shown(type, object) as T);
    },
    async deleteCollection(type, selection, options: DeleteCollectionOptions = {}) {
      await request("deletecollection", type, { namespace: selection.namespace ?? "", name: "" });
      for (const object of matching(store, type, selection)) {
        if (options.signal?.aborted) return;
        const write = deletion(type, object, options, clock.now());
        if (write) commit(type, write, options.dryRun);
      }
    },
    async createSubresource(type, key, subresource, body) {
      await request(`create/${subresource}`, type, key, body);
      throw new NotInTestDouble(`subresource ${subresource}`);
    },
  };
}

function matching(store: FakeStore, type: ResourceType, selection: ListOptions): KubeObject[] {
  const matches = compileSelection(type, selection);
  return [...store.objects(type).entries()]
    .filter(([, object]) => matches(object))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

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
