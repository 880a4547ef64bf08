// The tables of the schema model: their form is described in src/objects/schema/README.md.
import { createHash } from "node:crypto";
import type { FieldStructure, TypeStructure } from "./structure.ts";

export interface SchemaTable {
  /** Of the types and of their texts. */
  readonly fingerprint: string;
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly kinds: Readonly<Record<string, number>>;
}

export interface TextTable {
  readonly strings: readonly string[];
  readonly types: readonly (readonly number[])[];
}

export function schemaTable(types: readonly TypeStructure[]): SchemaTable {
  const index = new Map(types.map(({ name }, at) => [name, at]));
  const short = (code: string) => code.replace(/&(.+)$/, (_, name: string) => `&${numberOf(index, name)}`);
  const kinds: Record<string, number> = {};
  const withNulls = typesWithNulls(types);
  const rows = types.map(({ extras, fields }, position) => {
    for (const extra of extras) if (extra.startsWith("kind=")) kinds[extra.slice(5)] = position;
    return [
      extras,
      ...fields.map(({ name, code, required, extras: more }) => [
        name,
        short(code),
        ...(required ? ["required"] : []),
        ...more,
        ...(withNulls.has(typeIn(code)) ? ["nulls"] : []),
      ]),
    ]
      .map((cells) => cells.join("\t"))
      .join("\n");
  });
  const fingerprint = createHash("sha256").update(JSON.stringify(types)).digest("hex").slice(0, 32);
  return { fingerprint, names: types.map(({ name }) => name), types: rows, kinds };
}

/** The name of the type that a code refers to, if it does. */
const typeIn = (code: string) => code.slice(code.indexOf("&") + 1);

/** Types that have a field that is null without a value, at any depth: only these are looked through for some. */
function typesWithNulls(types: readonly TypeStructure[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { name, fields } of types) {
      if (fields.some(({ code, extras }) => extras.includes("null") || found.has(typeIn(code)))) found.add(name);
    }
  }
  return found;
}

/** The same order of types and fields as {@link schemaTable}; each text once. */
export function textTable(types: readonly TypeStructure[]): TextTable {
  const strings = new Map<string, number>();
  const number = (text: string) => {
    const known = strings.get(text);
    if (known !== undefined) return known;
    strings.set(text, strings.size);
    return strings.size - 1;
  };
  const ofType = new Map(types.map(({ name, text }) => [name, text || (OWN[name.split(".").at(-1)!] ?? "")]));
  const rows = types.map(({ name, fields }) => [
    number(ofType.get(name)!),
    ...fields.map((field) => number(field.text || substitute(name, field, ofType))),
  ]);
  return { strings: [...strings.keys()], types: rows };
}

const COMMON: Readonly<Record<string, string>> = {
  spec: "What is wanted of the object.",
  status: "What was last seen of the object.",
};

/** Types that client-node has no model of. */
const OWN: Readonly<Record<string, string>> = {
  Quantity: "An amount: a number, perhaps with a suffix, such as 2, 500m, 1.5Gi or 1e3.",
  IntOrString: "A whole number, or a string: often a percentage, or the name of a port.",
  Time: "A point in time to the second, in RFC 3339.",
  MicroTime: "A point in time to the microsecond, in RFC 3339.",
  RawExtension: "An object of any form.",
  FieldsV1: "A set of fields, as a tree of their names.",
  Patch: "What a patch changes, in the form that its media type names.",
  JSON: "Any JSON value.",
};

/** client-node has no texts for fields that refer to a type: then that type's has to do, or ours. */
function substitute(type: string, { name, code }: FieldStructure, ofType: ReadonlyMap<string, string>): string {
  if (name === "metadata") return `The metadata of the ${type.endsWith("List") ? "list" : "object"}.`;
  return COMMON[name] ?? ofType.get(code.slice(code.indexOf("&") + 1)) ?? "";
}

function numberOf(index: ReadonlyMap<string, number>, name: string): number {
  const found = index.get(name);
  if (found === undefined) throw new Error(`a reference to the unknown type ${name}`);
  return found;
}
