import table from "../generated/schemas.json" with { type: "json" };

/**
 * A type as the generated table has it: one row, read when the type is first asked for. Both the schema model
 * and the OpenAPI documents are made from rows.
 */
export interface TypeRow {
  /** `io.k8s.api.apps.v1.Deployment` */
  readonly name: string;
  readonly fields: readonly FieldRow[];
  readonly atomic: boolean;
  readonly kinds: readonly KindName[];
  /** For every group version (DeleteOptions, WatchEvent). */
  readonly everywhere?: string;
  /** The OpenAPI schema of a type without fields, or of one that is no object. */
  readonly form?: Readonly<Record<string, unknown>>;
  /** Its deletion is answered with the object rather than a Status. */
  readonly deletedIsReturned: boolean;
  /** x-kubernetes-unions */
  readonly unions?: unknown;
  /** Where its texts are in the generated texts. */
  readonly position: number;
}

export interface KindName {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface FieldRow {
  readonly name: string;
  /** s string, b boolean, i int32, l int64, d number, y base64, a anything, &n type number n, [code list, {code map. */
  readonly code: string;
  readonly required: boolean;
  /** x-kubernetes-map-type, which counts more than that of the type it refers to. */
  readonly mapType?: "atomic" | "granular";
  readonly listType?: "atomic" | "set" | "map";
  readonly mapKeys: readonly string[];
  /** Comma separated. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** As stated, `""`, 0, false and {} included. */
  readonly default?: unknown;
  readonly goType?: string;
  readonly goEmbedded?: string;
  /** Upstream's JSON leaves it out when it is `""`, 0 or false: it cannot tell that from nothing. */
  readonly omitEmpty: boolean;
  /** Upstream's JSON says null where it has no value. */
  readonly isNull: boolean;
  /** Fields of the type that it refers to are so, at any depth. */
  readonly holdsNulls: boolean;
}

const names: readonly string[] = table.names;
const types: readonly string[] = table.types;
const kinds: Readonly<Record<string, number | undefined>> = table.kinds;

/** Changes whenever a type or a text does: OpenAPI documents made from them are as good as long as it stays. */
export const schemaFingerprint: string = table.fingerprint;

let positions: Map<string, number> | undefined;

export const positionOf = (name: string): number | undefined =>
  (positions ??= new Map(names.map((each, at) => [each, at]))).get(name);

export function positionOfKind(group: string, version: string, kind: string): number | undefined {
  const own = `${group}/${version}/${kind}`;
  if (Object.hasOwn(kinds, own)) return kinds[own];
  return Object.hasOwn(kinds, `*/${kind}`) ? kinds[`*/${kind}`] : undefined;
}

/** The upstream name of type number n, as type codes refer to it. */
export const nameOfType = (position: number): string => names[position] ?? "";

/** Every type of the table, by its upstream name. */
export const typeNames = (): readonly string[] => names;

/** The row of a type by its upstream name; undefined when there is none. */
export function rowOf(name: string): TypeRow | undefined {
  const position = positionOf(name);
  return position === undefined ? undefined : rowAt(position);
}

/** Reads a type's row; not kept, since the callers keep what they make of it. */
export function rowAt(position: number): TypeRow {
  const [head = "", ...lines] = (types[position] ?? "").split("\n");
  const extras = head === "" ? [] : head.split("\t");
  const values = (key: string) =>
    extras.filter((extra) => extra.startsWith(`${key}=`)).map((extra) => extra.slice(key.length + 1));
  const gvks = values("kind").map((text) => text.split("/"));
  const [form] = values("form");
  const [unions] = values("unions");
  const everywhere = gvks.find(([first]) => first === "*")?.[1];
  return {
    name: nameOfType(position),
    position,
    atomic: extras.includes("atomic"),
    deletedIsReturned: extras.includes("delete=object"),
    kinds: gvks
      .filter((parts) => parts.length === 3)
      .map(([group = "", version = "", kind = ""]) => ({ group, version, kind })),
    ...(everywhere ? { everywhere } : {}),
    ...(form ? { form: JSON.parse(form) as Record<string, unknown> } : {}),
    ...(unions ? { unions: JSON.parse(unions) as unknown } : {}),
    fields: lines.map(readField),
  };
}

function readField(line: string): FieldRow {
  const [name = "", code = "", ...extras] = line.split("\t");
  const flags = new Map(
    extras.map((extra) => {
      const equals = extra.indexOf("=");
      return equals < 0 ? [extra, undefined] : [extra.slice(0, equals), extra.slice(equals + 1)];
    }),
  );
  const [listType, mapKeys] = (flags.get("list") ?? "").split(":");
  const patchStrategy = flags.get("patch");
  const patchMergeKey = flags.get("key");
  const goType = flags.get("go");
  const goEmbedded = flags.get("in");
  return {
    name,
    code,
    required: flags.has("required"),
    omitEmpty: flags.has("omitempty"),
    isNull: flags.has("null"),
    holdsNulls: flags.has("nulls"),
    ...(flags.has("atomic") ? { mapType: "atomic" } : flags.has("granular") ? { mapType: "granular" } : {}),
    mapKeys: mapKeys ? mapKeys.split(",") : [],
    ...(listType ? { listType: listType as "atomic" | "set" | "map" } : {}),
    ...(patchStrategy ? { patchStrategy } : {}),
    ...(patchMergeKey ? { patchMergeKey } : {}),
    ...(goType ? { goType } : {}),
    ...(goEmbedded ? { goEmbedded } : {}),
    ...(flags.has("default") ? { default: readDefault(flags.get("default"), code) } : {}),
  };
}

const ZERO: Readonly<Record<string, unknown>> = { s: "", b: false, i: 0, l: 0, d: 0 };

/** A default without a value is the zero value of its type. */
const readDefault = (text: string | undefined, code: string): unknown =>
  text === undefined ? (code in ZERO ? ZERO[code] : {}) : (JSON.parse(text) as unknown);
