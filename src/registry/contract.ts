import type { GiveWay } from "#base";
import type { UserInfo } from "#http";
import type { Int64, AnyDraft, KubeObject, ObjectKey, ObjectSchema, Status } from "#objects";

/**
 * What an object is to become: a draft of it in the version of the request (the storage version when no other is named),
 * from the object as it is in that version, which is undefined where there is none. It decides and does nothing else: it
 * is called again when another write comes first. The draft is taken over.
 */
export type UpdatedObject = (
  live: KubeObject | undefined,
  /** Given where body or object are large. */
  giveWay: GiveWay | undefined,
) => AnyDraft | Promise<AnyDraft>;

/** One object at one revision: its frozen form and its JSON, each made once and shared by all readers. */
export interface StoredObject {
  readonly key: ObjectKey;
  readonly revision: number;
  /** Deeply frozen. */
  readonly object: KubeObject;
  /** JSON with metadata.resourceVersion, UTF-8. */
  readonly bytes: Uint8Array;
  /** The same with a newline behind it, as it is answered alone. Shares the memory of `bytes` where that is sent. */
  readonly line: Uint8Array;
  /** The JSON of its metadata, a part of `bytes` where that is sent. */
  readonly metadata: Uint8Array;
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

/** Before the server prepares an object and after that: `mutate` may change the draft, `validate` may refuse. */
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
  /** Bytes of the body, if there was one. A large write gives way to other requests between its stages. */
  readonly bodySize?: number;
}

export interface UpdateOptions extends WriteOptions {
  /** The draft has its managedFields: an apply made them, or the write is one that no manager owns (a binding). */
  readonly keepsManagedFields?: boolean;
  /** An absent object is created (apply); else only kinds with createsOnUpdate do so. */
  readonly allowCreate?: boolean;
  readonly preconditions?: Preconditions;
}

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: Int64;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: Preconditions;
  readonly validate?: (old: KubeObject) => Promise<void>;
}

export interface DeleteCollectionOptions extends DeleteOptions {
  /** Begins no further deletion once it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Between the storage version and another. It never changes what it is given; what it returns may share the parts of
 * that. The caller sets the apiVersion.
 */
export type Conversion =
  /** A function of this process, for one object: that of every built-in kind. */
  | { readonly type: "local"; readonly fromStorage: Convert; readonly toStorage: Convert }
  /** A webhook: one call for all the objects of a list, in their order. */
  | { readonly type: "remote"; readonly fromStorage: ConvertAll; readonly toStorage: ConvertAll };

export type Convert = (object: Readonly<AnyDraft>) => AnyDraft;
export type ConvertAll = (objects: readonly Readonly<AnyDraft>[]) => Promise<readonly AnyDraft[]>;

export interface ServedVersion {
  /** Only where it differs from the definition's: events are served in the core group and in events.k8s.io. */
  readonly group?: string;
  readonly version: string;
  /** The structure of its objects. */
  readonly schema: ObjectSchema;
  /** Absent when only apiVersion differs from the storage version. */
  readonly conversion?: Conversion;
  /** Sent as a Warning header on every request for this version: `v1 Endpoints is deprecated in v1.33+; …`. */
  readonly deprecation?: string;
}
