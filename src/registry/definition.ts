import type { UserInfo } from "#http";
import type {
  Int64,
  AnyDraft,
  Draft,
  FieldError,
  KubeObject,
  LabelSelector,
  ObjectKey,
  ObjectSchema,
  ResetFields,
} from "#objects";
import type {
  DeleteCollectionOptions,
  DeleteOptions,
  ListQuery,
  ListResult,
  ServedVersion,
  StoredObject,
  UpdatedObject,
  UpdateOptions,
  WatchEvent,
  WatchQuery,
  WriteOptions,
} from "./contract.ts";

/**
 * Everything that Knarr knows about a kind, in one place. Built-in kinds and custom ones are the same shape;
 * the generic code around it knows no kind by name. One file a kind, under `kinds/<group>/`.
 *
 * The hooks are pure: they get the draft of a write and may change only that.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  /** The plural in the path. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  /** Default `${kind}List`. */
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** The version that is stored, and that every hook and controller sees. */
  readonly storageVersion: string;
  /** What is served, in order of preference. The storage version needs no conversion. */
  readonly versions: readonly ServedVersion[];
  /** Versions that no path leads to and that objects may still be stored in. */
  readonly unservedVersions?: readonly ServedVersion[];
  /** A custom resource: no strategic merge patch, no protobuf, and items of lists keep their kind and apiVersion. */
  readonly custom?: boolean;
  /** Default: create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs?: readonly Verb[];

  /** Which names are allowed; default {@link dnsSubdomain}. Returns what is wrong with the name. */
  readonly nameErrors?: (name: string, isPrefix: boolean) => readonly string[];
  /** Fills in defaults that the schema does not state, once on every write. */
  readonly applyDefaults?: (draft: Draft<T>) => void;
  /** Whether there is a `status` that only the status subresource may write. */
  readonly hasStatus?: boolean;
  /** Whether a create keeps the status that it brings (Node: the kubelet registers with it); default false. */
  readonly acceptsStatusOnCreate?: boolean;
  /** Whether `metadata.generation` counts changes of everything but metadata and status. */
  readonly hasGeneration?: boolean;
  readonly prepareForCreate?: (draft: Draft<T>, context: WriteContext) => void;
  readonly prepareForUpdate?: (draft: Draft<T>, old: T, context: WriteContext) => void;
  /**
   * Top-level fields beside `status` that an update of the object itself puts back to what they were. The kind's
   * {@link prepareForUpdate} does that; here it is said so that the writer does not come to own them.
   */
  readonly resetFields?: readonly string[];
  /** What a status update puts back to what it was, beside everything outside metadata and status. */
  readonly statusResetFields?: readonly ClientMetadata[];
  readonly prepareForStatusUpdate?: (draft: Draft<T>, old: T, context: WriteContext) => void;
  readonly validate?: (object: T, context: WriteContext) => FieldError[];
  /** Beside {@link validate}: what a new object may not have. */
  readonly validateCreate?: (object: T, context: WriteContext) => FieldError[];
  /** Beside {@link validate}: what an update may not change. */
  readonly validateUpdate?: (object: T, old: T, context: WriteContext) => FieldError[];
  readonly validateStatusUpdate?: (object: T, old: T, context: WriteContext) => FieldError[];
  /** Sent to the client as Warning headers. */
  readonly warnings?: (object: T, old: T | undefined) => string[];
  /** What of the object is stored and not acted on: sent as Warning headers when it is created or applied. */
  readonly caveats?: (object: T) => readonly string[];
  /**
   * Takes what must be unique in the cluster (cluster IPs, node ports) before the write, on the validated
   * draft. Throws a StatusError when it cannot be had. Exactly one of the reservation's functions is called.
   */
  readonly reserve?: (draft: Draft<T>, old: T | undefined, context: WriteContext) => Promise<Reservation | undefined>;

  /** Seconds of grace on deletion; undefined when the kind is deleted at once. May look at the options. */
  readonly gracefulDeletion?: (object: T, requestedSeconds: Int64 | undefined) => Int64 | undefined;
  /** What deletion does to dependents when the client does not say; default "Background". */
  readonly defaultPropagation?: "Background" | "Orphan";
  /** Further finalizers that deletion must wait for, such as a Namespace's `spec.finalizers`. */
  readonly isHeld?: (object: T) => boolean;
  /** Called on the draft of an object whose deletion begins (deletionTimestamp is set), such as a Namespace's phase. */
  readonly prepareForDeletion?: (draft: Draft<T>) => void;
  /** Whether DELETE answers with the object as it was, also when it is gone at once, rather than with a Status. */
  readonly returnsDeletedObject?: boolean;
  /** False when an update may carry no resourceVersion and then overwrites (upstream AllowUnconditionalUpdate); default true. */
  readonly requiresResourceVersionOnUpdate?: boolean;
  /** Whether PUT of an absent object creates it. */
  readonly createsOnUpdate?: boolean;

  readonly subresources?: Readonly<Record<string, Subresource<T>>>;
  /** Fields beside metadata.name and metadata.namespace that a field selector may name, by path. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /**
   * What `kubectl get` prints, after Name and in order. Name is implied, in front, unless a column called "Name"
   * is among them. Default: Age.
   */
  readonly columns?: readonly PrinterColumn<T>[];
  /** Milliseconds after which an object of this kind vanishes by itself (Events). */
  readonly ttlMs?: number;
  /** The RFC 3339 time that ttlMs counts from after a restart; default: its creation. */
  readonly ttlFrom?: (object: T) => string | undefined;
  /** A review kind: nothing is stored, the answer is computed. Only the verb create is served then. */
  readonly compute?: (draft: Draft<T>, context: WriteContext) => Promise<KubeObject>;
  /**
   * All objects of a kind of which nothing is stored and that is only read (ComponentStatus, NodeMetrics): get and list.
   * `namespace`: the only one that is wanted; empty: all. Those of others may be there too.
   */
  readonly computedObjects?: (registry: Registry, namespace: string) => readonly T[] | Promise<readonly T[]>;
}

/** The parts of metadata that clients write. */
export type ClientMetadata = "labels" | "annotations" | "finalizers" | "ownerReferences";
export const CLIENT_METADATA: readonly ClientMetadata[] = ["labels", "annotations", "finalizers", "ownerReferences"];

/** What {@link ResourceDefinition.reserve} took. */
export interface Reservation {
  /** The write did not happen, or was a dry run: everything taken is free again. */
  readonly undo: () => void;
  /** The write is committed: what the old object alone used may be given to others. */
  readonly done?: () => void;
}

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** Who writes, when, and what else may be looked at. */
export interface WriteContext {
  readonly user: UserInfo;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly dryRun: boolean;
  readonly registry: Registry;
  /** The version that the request was made in; absent: the storage version. */
  readonly version?: ServedVersion | undefined;
}

export type Subresource<T extends KubeObject> =
  | UpdateSubresource<T>
  | ScaleSubresource<T>
  | CreateSubresource<T>
  | ConnectSubresource;

/** get, patch and update of a part of the object (`ephemeralcontainers`, `resize`, `approval`, `finalize`). `status` is implied by hasStatus. */
export interface UpdateSubresource<T extends KubeObject> {
  readonly type: "update";
  readonly verbs?: readonly Verb[];
  /** What {@link prepareForUpdate} puts back, or (`only`) leaves, so that the writer owns nothing else; default the kind's. */
  readonly resetFields?: ResetFields;
  /** Takes from the draft only what the subresource may write: everything else is reset to the old object. */
  readonly prepareForUpdate: (draft: Draft<T>, old: T, context: WriteContext) => void;
  readonly validateUpdate?: (object: T, old: T, context: WriteContext) => FieldError[];
}

/** get, patch and update as autoscaling/v1 Scale. */
export interface ScaleSubresource<T extends KubeObject> {
  readonly type: "scale";
  readonly replicas: (object: T) => number;
  readonly currentReplicas: (object: T) => number;
  readonly selector: (object: T) => LabelSelector | Readonly<Record<string, string>> | undefined;
  readonly setReplicas: (draft: Draft<T>, replicas: number) => void;
}

/** POST of a body of its own kind (`binding`, `eviction`, `token`). */
export interface CreateSubresource<T extends KubeObject> {
  readonly type: "create";
  readonly body: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly schema: ObjectSchema;
  };
  readonly handle: (request: {
    readonly key: ObjectKey;
    readonly body: AnyDraft;
    readonly context: WriteContext;
    readonly parent: () => Promise<T>;
  }) => Promise<KubeObject>;
  /**
   * In place of the kind's own rules for the updates of the parent that `handle` makes with `subresource` set
   * (binding). They do not count as generations.
   */
  readonly parentUpdate?: Pick<UpdateSubresource<T>, "prepareForUpdate" | "validateUpdate">;
}

/** A stream to the node (`log`, `exec`, `attach`, `portforward`, `proxy`): the apiserver passes it on. */
export interface ConnectSubresource {
  readonly type: "connect";
  /** HTTP methods answered, as discovery lists them: create and get for exec. */
  readonly verbs: readonly Verb[];
  readonly kind: string;
}

export interface PrinterColumn<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description?: string;
  /** 1: only with `-o wide`. Default 0. */
  readonly priority?: number;
  /** `now` in milliseconds since the epoch, for ages. */
  readonly cell: (object: T, now: number) => string | Int64 | boolean | null;
}

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
  /** Those of which there is no object; from the second time on at hardly any cost. */
  emptyResources(): Promise<ReadonlySet<Resource>>;
  /** Calls back whenever {@link resources} changed, or one of {@link emptyResources} got its first object. */
  onChange(listener: () => void): () => void;
  /**
   * Serves a kind from now on, or in another way than before. Watches of the old way end, to be resumed; objects that
   * are stored in another version than the new one are read from that.
   */
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
   * so that each is encoded once.
   */
  watch(query: WatchQuery): AsyncIterable<readonly WatchEvent[]>;
  /** `draft` is decoded, in the request's version, with its schema's defaults; it belongs to the registry from now on. */
  create(draft: AnyDraft, options: WriteOptions): Promise<StoredObject>;
  /**
   * Reads, changes, writes, again when another write came between and the draft named no resourceVersion. A PUT whose
   * body names a uid passes it as precondition.
   */
  update(
    key: ObjectKey,
    updatedObject: UpdatedObject,
    options: UpdateOptions,
  ): Promise<{ readonly object: StoredObject; readonly created: boolean }>;
  /** `deleted` false: it only began (finalizers, grace). */
  delete(key: ObjectKey, options: DeleteOptions): Promise<{ readonly object: StoredObject; readonly deleted: boolean }>;
  /** Gives the list that was deleted, with the revision it was read at. */
  deleteCollection(query: ListQuery, options: DeleteCollectionOptions): Promise<ListResult>;
  /** How many objects there are; 0 as long as none was asked for. */
  readonly count: number;
  /** How many watches are open. */
  readonly watchers: number;
}
