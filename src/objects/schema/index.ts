import type { Field, ObjectSchema, Scalar, Schema } from "./model.ts";
import { nameOfType, positionOf, positionOfKind, rowAt, type FieldRow, type TypeRow } from "./table.ts";

/**
 * The schema of a built-in type by its upstream name (`io.k8s.api.apps.v1.Deployment`), the same object for
 * every caller. What it refers to is read when it is looked at.
 *
 * @throws Error for an unknown name or a type that is no object: names come from definitions, not from clients.
 */
export function schemaOf(name: string): ObjectSchema {
  const position = positionOf(name);
  if (position === undefined) throw new Error(`no schema is known for ${name}`);
  const schema = schemaAt(position);
  if (schema.type !== "object") throw new Error(`${name} is not an object`);
  return schema;
}

/** The schema of a built-in kind, lists and bodies of subresources included; undefined when it is unknown. */
export function schemaForKind(group: string, version: string, kind: string): ObjectSchema | undefined {
  const position = positionOfKind(group, version, kind);
  if (position === undefined) return undefined;
  const schema = schemaAt(position);
  return schema.type === "object" ? schema : undefined;
}

/** An object of which nothing is known. */
export const ANY_OBJECT: ObjectSchema = { type: "object", fields: new Map(), required: [], preserveUnknown: true };

const made = new Map<number, Schema>();

function schemaAt(position: number): Schema {
  const known = made.get(position);
  if (known) return known;
  const schema = special(nameOfType(position)) ?? new TypeSchema(rowAt(position));
  made.set(position, schema);
  return schema;
}

const scalar = (type: Scalar): Schema => ({ type: "scalar", scalar: type });
const ANY: Schema = { type: "any" };

const SCALARS: Readonly<Record<string, Schema>> = {
  s: scalar("string"),
  b: scalar("boolean"),
  i: scalar("int32"),
  l: scalar("int64"),
  d: scalar("number"),
  y: scalar("bytes"),
  a: ANY,
};

const SPECIAL: ReadonlyMap<string, Schema> = new Map([
  ["io.k8s.apimachinery.pkg.api.resource.Quantity", scalar("quantity")],
  ["io.k8s.apimachinery.pkg.util.intstr.IntOrString", scalar("int-or-string")],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.Time", scalar("time")],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", scalar("micro-time")],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.Duration", scalar("duration")],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", ANY],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.Patch", ANY],
  ["io.k8s.apimachinery.pkg.runtime.RawExtension", ANY],
]);

/** JSON of any form, and the unions of a schema with something else (JSONSchemaPropsOrBool). */
const ANYTHING = /\.apiextensions\.v1\.JSON($|SchemaPropsOr)/;

const special = (name: string): Schema | undefined => SPECIAL.get(name) ?? (ANYTHING.test(name) ? ANY : undefined);

/** Names its fields; what they hold is made when it is looked at. */
class TypeSchema implements ObjectSchema {
  readonly type = "object";
  readonly name: string;
  readonly required: readonly string[];
  readonly fields: ReadonlyMap<string, Field>;
  readonly atomic?: boolean;

  constructor(row: TypeRow) {
    this.name = row.name;
    this.required = row.fields.filter((field) => field.required).map((field) => field.name);
    this.fields = new Map(row.fields.map((field) => [field.name, new TypeField(field)]));
    if (row.atomic) this.atomic = true;
  }
}

const ZEROS: ReadonlySet<unknown> = new Set(["", 0, false]);

/** Its schema is made when it is first looked at: that is what makes references lazy. */
class TypeField implements Field {
  readonly patchStrategy: Field["patchStrategy"];
  readonly patchMergeKey?: string;
  readonly default?: unknown;
  readonly goType?: string;
  readonly goEmbedded?: string;
  readonly omitEmpty?: boolean;
  readonly isNull?: boolean;
  readonly holdsNulls?: boolean;
  readonly #row: FieldRow;
  #schema: Schema | undefined;

  constructor(row: FieldRow) {
    this.#row = row;
    this.patchStrategy = (row.patchStrategy?.split(",") ?? []) as unknown as Field["patchStrategy"];
    if (row.patchMergeKey) this.patchMergeKey = row.patchMergeKey;
    // A default that is left out all the same is none.
    if (row.default !== undefined && !(row.omitEmpty && ZEROS.has(row.default))) this.default = row.default;
    if (row.goType) this.goType = row.goType;
    if (row.goEmbedded) this.goEmbedded = row.goEmbedded;
    // Lists and maps are no pointers: an optional one that is empty is as good as none.
    if (row.omitEmpty || (!row.required && /^[[{]/.test(row.code))) this.omitEmpty = true;
    if (row.isNull) this.isNull = true;
    if (row.holdsNulls) this.holdsNulls = true;
  }

  get schema(): Schema {
    return (this.#schema ??= fieldSchema(this.#row));
  }
}

/** List and map type belong to the field, not to the type that it refers to. */
function fieldSchema(row: FieldRow): Schema {
  const schema = schemaOfCode(row.code);
  if (schema.type === "list" && row.listType) return { ...schema, listType: row.listType, mapKeys: row.mapKeys };
  if (!row.mapType || (schema.type !== "map" && schema.type !== "object")) return schema;
  return { ...schema, atomic: row.mapType === "atomic" };
}

function schemaOfCode(code: string): Schema {
  const rest = code.slice(1);
  switch (code.charAt(0)) {
    case "&":
      return schemaAt(Number(rest));
    case "[":
      return { type: "list", items: schemaOfCode(rest), listType: "atomic", mapKeys: [] };
    case "{":
      return { type: "map", values: schemaOfCode(rest) };
    default:
      return SCALARS[code] ?? ANY;
  }
}
