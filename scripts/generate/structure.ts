// The structure of the API's types, and the two places it is read from: the models of client-node and the facts
// that those lack (src/objects/facts/, made by scripts/facts.ts).
//
// A type code says what a field holds: s string, b boolean, i int32, l int64, d number, y base64, a anything,
// &name a reference to another type, [code a list, {code a map.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Model, Property } from "./models.ts";

export const factsFolder = join(import.meta.dirname, "../../src/objects/facts");

export interface FieldStructure {
  readonly name: string;
  readonly code: string;
  readonly required: boolean;
  /** What client-node does not say, each `key` or `key=value`: see src/objects/facts/README.md. */
  readonly extras: readonly string[];
  readonly text: string;
}

export interface TypeStructure {
  /** `io.k8s.api.apps.v1.Deployment` */
  readonly name: string;
  readonly extras: readonly string[];
  readonly fields: readonly FieldStructure[];
  readonly text: string;
}

const SCALARS: Readonly<Record<string, string>> = {
  "string ": "s",
  "string byte": "y",
  "boolean ": "b",
  "number int32": "i",
  "number int64": "l",
  "number double": "d",
};

const SPECIAL: Readonly<Record<string, string>> = {
  Date: "&io.k8s.apimachinery.pkg.apis.meta.v1.Time",
  V1MicroTime: "&io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
  IntOrString: "&io.k8s.apimachinery.pkg.util.intstr.IntOrString",
  any: "a",
};

/** The code of a client-node property; `names` gives the upstream name of a model. */
export function codeOf(type: string, format: string, names: ReadonlyMap<string, string>): string {
  const array = /^Array<(.+)>$/.exec(type);
  if (array?.[1]) return `[${codeOf(array[1], format, names)}`;
  const map = /^\{\s*\[key: string\]: ([\s\S]+?);?\s*\}$/.exec(type);
  if (map?.[1]) return `{${codeOf(map[1], format, names)}`;
  const code = SPECIAL[type] ?? SCALARS[`${type} ${format}`];
  if (code) return code;
  const name = names.get(type);
  return name ? `&${name}` : `?${type}`;
}

export interface TypeFacts {
  readonly name: string;
  readonly model: string;
  readonly extras: readonly string[];
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** One line a type (`name model extra…`), followed by one for each of its fields that has facts (`.field extra…`); tab separated. */
export function readFacts(): TypeFacts[] {
  return readdirSync(factsFolder)
    .filter((file) => file.endsWith(".tsv"))
    .flatMap((file) => {
      const types: (TypeFacts & { fields: Map<string, string[]> })[] = [];
      for (const line of readFileSync(join(factsFolder, file), "utf8").split("\n")) {
        const [name = "", ...rest] = line.split("\t");
        if (name.startsWith(".")) types.at(-1)!.fields.set(name.slice(1), rest);
        else if (name) {
          const [model = "", ...extras] = rest;
          types.push({ name: `${file.slice(0, -4)}.${name}`, model, extras, fields: new Map() });
        }
      }
      return types;
    });
}

/** `type=`, `required` and `optional` are facts that correct client-node; the rest is beside it. */
export function structureOf(
  facts: TypeFacts,
  models: ReadonlyMap<string, Model>,
  names: ReadonlyMap<string, string>,
): TypeStructure {
  const model = models.get(facts.model);
  const properties = new Map(model?.properties.map((property) => [property.name, property]));
  const fieldNames = new Set([...properties.keys(), ...facts.fields.keys()]);
  const fields = [...fieldNames].toSorted().flatMap((name): FieldStructure[] => {
    const extras = facts.fields.get(name) ?? [];
    if (extras.includes("absent")) return [];
    const property: Property | undefined = properties.get(name);
    const type = extras.find((extra) => extra.startsWith("type="))?.slice(5);
    const code = type ?? (property ? codeOf(property.type, property.format, names) : "?");
    if (code.includes("?")) throw new Error(`${facts.name}.${name}: unknown type ${property?.type}`);
    const required = !extras.includes("optional") && (extras.includes("required") || property?.optional === false);
    return [
      {
        name,
        code,
        required,
        extras: extras.filter((extra) => !/^(type=|required$|optional$)/.test(extra)),
        text: property?.description ?? "",
      },
    ];
  });
  return { name: facts.name, extras: facts.extras, fields, text: model?.description ?? "" };
}
