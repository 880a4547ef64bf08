import type { Int64, KubeObject, New, ObjectKey, ResourceType, Status } from "#objects";
import type { Discovery } from "./discovery.ts";

/**
 * The API as a component sees it. The in-process client and the HTTP one behave alike: the same admission,
 * validation and errors (StatusError); what comes back is frozen and shared. The conformance suite (`#client/testing`)
 * says what they do. A type of {@link metadataOnly} (`#objects`) asks for metadata alone; it cannot create or update.
 */
export interface Client {
  /** What the server serves: kinds that are known by name only, and when that changes. */
  readonly discovery: Discovery;
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: GetOptions): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<List<T>>;
  /** Batches of events, in order. Ends when the server ends it or the signal aborts; an ERROR event is thrown as StatusError. */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<readonly WatchEvent<T>[]>;
  create<T extends KubeObject>(type: ResourceType<T>, object: New<T>, options?: WriteOptions): Promise<T>;
  /** Replaces; the object's resourceVersion, when it has one, must be current. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: SubresourceWriteOptions): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, options?: PatchOptions): Promise<T>;
  /** The object when its deletion only began, the Status when it is gone. */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: DeleteOptions): Promise<T | Status>;
  deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    selection: Selection,
    options?: DeleteCollectionOptions,
  ): Promise<void>;
  /** POST to a subresource: `binding`, `eviction`, `token`. */
  createSubresource(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<KubeObject>;
}

export interface GetOptions {
  readonly resourceVersion?: string;
  readonly subresource?: string;
  /** For subresources that answer with a list: the metrics of other servers (custom.metrics.k8s.io). */
  readonly labelSelector?: string;
  /** The same, by labels of the metric. */
  readonly metricLabelSelector?: string;
}

export interface Selection {
  /** Empty or absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
}

export interface List<T> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** What becomes of unknown and repeated fields. Default: refused, with 400. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

export interface SubresourceWriteOptions extends WriteOptions {
  readonly subresource?: string;
}

export interface PatchOptions extends SubresourceWriteOptions {
  /** For server-side apply: take over fields that others own. */
  readonly force?: boolean;
}

export type Patch =
  | { readonly type: "json"; readonly body: readonly object[] }
  | { readonly type: "merge" | "strategic" | "apply"; readonly body: object };

export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly gracePeriodSeconds?: Int64;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface DeleteCollectionOptions extends DeleteOptions {
  /** Begins no further deletion once it aborts; that is no error. */
  readonly signal?: AbortSignal;
}
