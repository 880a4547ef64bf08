/**
 * The structure of a value in the API, as decoding, patching, apply and documentation need it. Built-in types
 * come from a generated table, those of custom kinds from their OpenAPI schema; both become this.
 *
 * References are resolved when they are looked at, so that an unused type costs nothing and types may
 * contain themselves.
 */
export type Schema = ObjectSchema | MapSchema | ListSchema | ScalarSchema | AnySchema;

export interface ObjectSchema {
  readonly type: "object";
  /** The upstream name, `io.k8s.api.core.v1.Pod`; absent for inline ones. */
  readonly name?: string;
  readonly fields: ReadonlyMap<string, Field>;
  readonly required: readonly string[];
  /** Unknown fields are kept and are no error. */
  readonly preserveUnknown?: boolean;
  /** An atomic object is owned and replaced as one by apply. */
  readonly atomic?: boolean;
}

export interface MapSchema {
  readonly type: "map";
  readonly values: Schema;
  readonly atomic?: boolean;
}

export interface ListSchema {
  readonly type: "list";
  readonly items: Schema;
  /** x-kubernetes-list-type; atomic when nothing is said. */
  readonly listType: "atomic" | "set" | "map";
  /** For listType map. */
  readonly mapKeys: readonly string[];
}

export interface ScalarSchema {
  readonly type: "scalar";
  readonly scalar: Scalar;
}

export type Scalar =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "number"
  /** base64 */
  | "bytes"
  /** RFC 3339 with seconds */
  | "time"
  /** RFC 3339 with microseconds */
  | "micro-time"
  | "int-or-string"
  /** A quantity: a string on the wire, numbers accepted */
  | "quantity"
  /** `1h0m0s` */
  | "duration";

/** Anything at all: RawExtension, JSON, FieldsV1. */
export interface AnySchema {
  readonly type: "any";
}

export interface Field {
  readonly schema: Schema;
  /** x-kubernetes-patch-strategy, split at commas: merge, replace, retainKeys. */
  readonly patchStrategy: readonly ("merge" | "replace" | "retainKeys")[];
  /** x-kubernetes-patch-merge-key */
  readonly patchMergeKey?: string;
  /** The default that the OpenAPI document states. */
  readonly default?: unknown;
  /** What upstream's decoding errors call its type, where its schema does not say: `v1.Protocol`. */
  readonly goType?: string;
  /** The structs, joined by dots, that upstream embeds it by: its decoding errors name them. */
  readonly goEmbedded?: string;
  /** Upstream's JSON leaves it out when it is `""`, 0, false or empty: it cannot tell that from nothing. */
  readonly omitEmpty?: boolean;
  /** Upstream's JSON says null where it has no value, rather than leaving it out. */
  readonly isNull?: boolean;
  /** There are such fields in its value, at any depth. */
  readonly holdsNulls?: boolean;
}
