import { rowOf, type FieldRow, type SchemaTexts, type TypeRow } from "#objects";
import type { GroupVersion } from "./input.ts";
import { typeCodes, nameOfReference } from "./codes.ts";
import { finish, type Steps } from "./steps.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Where a version of OpenAPI keeps its schemas, and what it lacks. */
export interface Dialect {
  readonly prefix: "#/components/schemas/" | "#/definitions/";
  /** v2 has no allOf around references, no oneOf, and states no defaults. */
  readonly plain: boolean;
}

export const V3: Dialect = { prefix: "#/components/schemas/", plain: false };
export const V2: Dialect = { prefix: "#/definitions/", plain: true };

/**
 * The schemas of the named types and of all that they refer to, by name and in the order of names.
 * `groupVersion` is that of the document: types that every group version has are of it.
 */
export const schemasOf = (
  names: Iterable<string>,
  texts: SchemaTexts,
  dialect: Dialect,
  groupVersions: readonly GroupVersion[],
): Record<string, Json> => finish(schemaSteps(names, texts, dialect, groupVersions));

/** {@link schemasOf}, a type at a time. */
export function* schemaSteps(
  names: Iterable<string>,
  texts: SchemaTexts,
  dialect: Dialect,
  groupVersions: readonly GroupVersion[],
): Steps<Record<string, Json>> {
  const found = new Map<string, Json>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const row = rowOf(name);
    if (!row) continue;
    found.set(name, schemaOfRow(row, texts, dialect, groupVersions));
    for (const { code } of row.fields) {
      const reference = nameOfReference(code);
      if (reference !== undefined) open.push(reference);
    }
    yield;
  }
  return Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function schemaOfRow(row: TypeRow, texts: SchemaTexts, dialect: Dialect, groupVersions: readonly GroupVersion[]): Json {
  const text = texts.ofType(row.name);
  const described = text ? { description: text } : {};
  if (row.form) return { ...described, ...(dialect.plain ? plainForm(row.form) : row.form) };
  const properties = Object.fromEntries(
    row.fields.map((field) => [field.name, fieldSchema(field, texts.ofField(row.name, field.name), dialect)]),
  );
  const required = row.fields.filter((field) => field.required).map((field) => field.name);
  const kinds = kindsOf(row, groupVersions);
  return {
    ...described,
    ...(row.fields.length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
    type: "object",
    ...(kinds.length > 0 ? { "x-kubernetes-group-version-kind": kinds } : {}),
    ...(row.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(row.unions ? { "x-kubernetes-unions": row.unions } : {}),
  };
}

/** A type that is one of several kinds of value is a string to v2, or anything. */
function plainForm(form: Json): Json {
  const { oneOf, ...rest } = form;
  return oneOf ? { ...rest, type: "string" } : rest;
}

function kindsOf(row: TypeRow, groupVersions: readonly GroupVersion[]): readonly Json[] {
  const { everywhere: kind } = row;
  if (!kind) return row.kinds.map((each) => ({ ...each }));
  const others = groupVersions.filter(({ group }) => group !== "");
  return [{ group: "", version: "v1", kind }, ...others.map(({ group, version }) => ({ group, version, kind }))];
}

function fieldSchema(field: FieldRow, text: string, dialect: Dialect): Json {
  const base = typeCodes(field.code, dialect.prefix);
  const more: Json = {
    ...(text ? { description: text } : {}),
    ...(field.default !== undefined && !dialect.plain ? { default: field.default } : {}),
    ...(field.listType ? { "x-kubernetes-list-type": field.listType } : {}),
    ...(field.mapKeys.length > 0 ? { "x-kubernetes-list-map-keys": field.mapKeys } : {}),
    ...(field.mapType ? { "x-kubernetes-map-type": field.mapType } : {}),
    ...(field.patchStrategy ? { "x-kubernetes-patch-strategy": field.patchStrategy } : {}),
    ...(field.patchMergeKey ? { "x-kubernetes-patch-merge-key": field.patchMergeKey } : {}),
  };
  // Beside a reference nothing else counts, so v3 wraps it.
  if ("$ref" in base && !dialect.plain && Object.keys(more).length > 0) return { allOf: [base], ...more };
  return { ...base, ...more };
}
