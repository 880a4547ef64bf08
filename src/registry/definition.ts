import type { AnyDraft, Draft, FieldError, KubeObject, LabelSelector, ObjectKey } from "#objects";
import type { Registry } from "./contract.ts";

/**
 * Everything that Knarr knows about a kind, in one place. Built-in kinds and custom ones are the same shape;
 * the machinery around it knows no kind by name. One file a kind, under `kinds/<group>/`.
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
  /** Default: create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs?: readonly Verb[];

  /** Which names are allowed; default {@link dnsSubdomain}. Returns what is wrong with the name. */
  readonly nameErrors?: (name: string, isPrefix: boolean) => readonly string[];
  /** Fills in defaults that the schema does not state, on every write and on the dry parts of a patch. */
  readonly applyDefaults?: (draft: Draft<T>) => void;
  /** Whether there is a `status` that only the status subresource may write. */
  readonly hasStatus?: boolean;
  /** Whether `metadata.generation` counts changes of everything but metadata and status. */
  readonly hasGeneration?: boolean;
  readonly prepareForCreate?: (draft: Draft<T>, context: WriteContext) => void;
  readonly prepareForUpdate?: (draft: Draft<T>, old: T, context: WriteContext) => void;
  readonly prepareForStatusUpdate?: (draft: Draft<T>, old: T, context: WriteContext) => void;
  readonly validate?: (object: T, context: WriteContext) => FieldError[];
  /** Beside {@link validate}: what an update may not change. */
  readonly validateUpdate?: (object: T, old: T, context: WriteContext) => FieldError[];
  readonly validateStatusUpdate?: (object: T, old: T, context: WriteContext) => FieldError[];
  /** Sent to the client as Warning headers. */
  readonly warnings?: (object: T, old: T | undefined) => string[];
  /**
   * Takes what must be unique in the cluster (cluster IPs, node ports) before the write, on the validated
   * draft. `undo` is called when the write does not happen.
   */
  readonly reserve?: (
    draft: Draft<T>,
    old: T | undefined,
    context: WriteContext,
  ) => Promise<{ readonly undo: () => void } | undefined>;

  /** Seconds of grace on deletion; undefined when the kind is deleted at once. May look at the options. */
  readonly gracefulDeletion?: (object: T, requestedSeconds: number | undefined) => number | undefined;
  /** What deletion does to dependents when the client does not say; default "Background". */
  readonly defaultPropagation?: "Background" | "Orphan";
  /** Further finalizers that deletion must wait for, such as a Namespace's `spec.finalizers`. */
  readonly isHeld?: (object: T) => boolean;
  /** Called on the draft of an object whose deletion begins (deletionTimestamp is set), such as a Namespace's phase. */
  readonly prepareForDeletion?: (draft: Draft<T>) => void;
  /** False when an update may carry no resourceVersion and then overwrites (upstream AllowUnconditionalUpdate); default true. */
  readonly requiresResourceVersionOnUpdate?: boolean;
  /** Whether PUT of an absent object creates it. */
  readonly createsOnUpdate?: boolean;

  readonly subresources?: Readonly<Record<string, Subresource<T>>>;
  /** Fields beside metadata.name and metadata.namespace that a field selector may name, by path. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** What `kubectl get` prints, after Name (which is implied) and in order. Default: Age. */
  readonly columns?: readonly PrinterColumn<T>[];
  /** Milliseconds after which an object of this kind vanishes by itself (Events). */
  readonly ttlMs?: number;
  /** A review kind: nothing is stored, the answer is computed. Only the verb create is served then. */
  readonly compute?: (draft: Draft<T>, context: WriteContext) => Promise<KubeObject>;
}

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

export interface ServedVersion {
  readonly version: string;
  /** The schema of its objects: `io.k8s.api.apps.v1.Deployment`. */
  readonly schema: string;
  /** From the storage version to this one; absent when only apiVersion differs. */
  readonly fromStorage?: (object: AnyDraft) => AnyDraft;
  /** From this version to the storage version; absent when only apiVersion differs. */
  readonly toStorage?: (object: AnyDraft) => AnyDraft;
}

/** Who writes, when, and what else may be looked at. */
export interface WriteContext {
  readonly user: UserInfo;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly dryRun: boolean;
  readonly registry: Registry;
}

export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
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
  readonly body: { readonly group: string; readonly version: string; readonly kind: string; readonly schema: string };
  readonly handle: (request: {
    readonly key: ObjectKey;
    readonly body: AnyDraft;
    readonly context: WriteContext;
    readonly parent: () => Promise<T>;
  }) => Promise<KubeObject>;
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
  readonly cell: (object: T, now: number) => string | number | boolean | null;
}
