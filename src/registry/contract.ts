import type { AnyDraft, KubeObject, ObjectKey, Status } from "#objects";
import type { ResourceDefinition, ServedVersion, UserInfo } from "./definition.ts";

/** All kinds that are served, and the objects of each. */
export interface Registry {
  /** The newest revision that the caches have seen. */
  readonly revision: number;
  /** Every resource that is served, in a stable order. Changes when custom kinds come and go. */
  resources(): readonly Resource[];
  /** Counts changes of {@link resources}, so that discovery can be cached. */
  readonly generation: number;
  /** The resource and version in a request's path, if it is served. */
  resolve(group: string, version: string, resource: string): ResolvedResource | undefined;
  /** By group and resource, whatever the version. */
  resource(group: string, resource: string): Resource | undefined;
  /** Calls back whenever {@link resources} changed. */
  onChange(listener: () => void): () => void;
  /** Serves a kind from now on, or serves it anew when it is there already (custom kinds). */
  add(definition: ResourceDefinition): void;
  /** Stops serving a kind: its watches end. What is stored stays. */
  remove(group: string, resource: string): void;
  /** Ends all watches and timers. The store stays open. */
  close(): Promise<void>;
}

export interface ResolvedResource {
  readonly resource: Resource;
  readonly version: ServedVersion;
}

/**
 * The objects of one kind, in its storage version. Conversion to other versions, decoding, admission and
 * encoding are the apiserver's.
 *
 * Everything that can go wrong for a client rejects with a StatusError.
 */
export interface Resource {
  readonly definition: ResourceDefinition;
  get(key: ObjectKey, options?: { readonly resourceVersion?: string }): Promise<StoredObject>;
  list(query: ListQuery): Promise<ListResult>;
  /**
   * Ends when the signal aborts, the timeout is over, the kind is no longer served, or after an ERROR event.
   * Throws a StatusError in the call for a query that is not valid. Events are the same objects for all watchers,
   * so that whoever encodes them can do it once.
   */
  watch(query: WatchQuery): AsyncIterable<readonly WatchEvent[]>;
  /** `draft` is decoded and has its schema's and kind's defaults; it belongs to the registry from now on. */
  create(draft: AnyDraft, options: WriteOptions): Promise<StoredObject>;
  /**
   * Reads, changes, writes, again when someone else wrote in between and the change named no resourceVersion.
   * `change` gets the current object (undefined when absent: only with createsOnUpdate or createsAbsent) and returns
   * a draft. A PUT whose body names a uid passes it as precondition.
   */
  update(
    key: ObjectKey,
    change: Change,
    options: UpdateOptions,
  ): Promise<{ readonly object: StoredObject; readonly created: boolean }>;
  /** `deleted` false: it only began (finalizers, grace). */
  delete(key: ObjectKey, options: DeleteOptions): Promise<{ readonly object: StoredObject; readonly deleted: boolean }>;
  deleteCollection(query: ListQuery, options: DeleteOptions): Promise<readonly StoredObject[]>;
  /** How many objects there are; 0 as long as nobody has asked for any. */
  readonly count: number;
}

export type Change = (current: KubeObject | undefined) => AnyDraft | Promise<AnyDraft>;

/** One object at one revision: its frozen form and its JSON, each made once and shared by all who ask. */
export interface StoredObject {
  readonly key: ObjectKey;
  readonly revision: number;
  /** Deeply frozen. */
  readonly object: KubeObject;
  /** JSON with metadata.resourceVersion, UTF-8. */
  readonly bytes: Uint8Array;
}

export interface Selection {
  /** Empty: all namespaces. */
  readonly namespace?: string;
  /** `spec.nodeName=a,metadata.name!=b` */
  readonly fieldSelector?: string;
  /** `app in (a,b),!c` */
  readonly labelSelector?: string;
}

export interface ListQuery extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
}

export interface ListResult {
  readonly resourceVersion: string;
  readonly items: readonly StoredObject[];
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchQuery extends Selection {
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: StoredObject }
  /** `initialEventsEnd` marks the bookmark that closes sendInitialEvents. */
  | { readonly type: "BOOKMARK"; readonly revision: number; readonly initialEventsEnd: boolean }
  | { readonly type: "ERROR"; readonly status: Status };

/** Between defaulting and the write: admission. `mutate` may change the draft, `validate` may refuse. */
export interface Admission {
  readonly mutate?: (draft: AnyDraft, old: KubeObject | undefined) => Promise<void>;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => Promise<void>;
}

export interface WriteOptions {
  readonly user: UserInfo;
  readonly dryRun?: boolean;
  /** Who is recorded in managedFields. */
  readonly fieldManager?: string;
  /** The version that the request was made in, which managedFields then speaks of; default the storage version. */
  readonly version?: ServedVersion;
  readonly admission?: Admission;
  readonly subresource?: string;
  /** Collects texts for Warning headers. */
  readonly warn?: (text: string) => void;
}

export interface UpdateOptions extends WriteOptions {
  /** The draft's managedFields were made by apply: keep them as they are. */
  readonly applied?: boolean;
  /** An absent object is created (apply); else only kinds with createsOnUpdate do so. */
  readonly createsAbsent?: boolean;
  readonly preconditions?: Preconditions;
  /** Defaults are filled in again after the change; the schema's come from the apiserver's decoder. */
}

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: Preconditions;
  readonly validate?: (old: KubeObject) => Promise<void>;
}
