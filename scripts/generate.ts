// Makes src/objects/generated/ from the Kubernetes 1.36 models of @kubernetes/client-node:
//   types.ts  the API's types, as the JSON on the wire has them (timestamps are strings), readonly throughout
//   stamp     what it was made from, so that set-up knows when to make it again (argument 1)
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const models = join(root, "node_modules/@kubernetes/client-node/dist/gen/models");
const out = join(root, "src/objects/generated");

interface Property {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly description: string;
}

interface Model {
  readonly name: string;
  readonly description: string;
  readonly properties: readonly Property[];
}

/** `V1Pod` is our `Pod`; names of other versions and of ambiguous kinds stay as they are. */
const ourName = (model: string) => model.replace(/^V1(?=[A-Z])/, "");

const comment = (text: string) =>
  text
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .trim();

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
}

/** The class says the type and wire name of each property; its declaration says which are optional, and the texts. */
async function readModel(file: string): Promise<Model> {
  const text = readFileSync(join(models, file), "utf8");
  const head = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export declare class (\w+) \{/.exec(text);
  if (!head?.[2]) throw new Error(`${file}: no class found`);
  const body = text.slice(head.index + head[0].length, text.indexOf("static readonly discriminator"));
  const declared = new Map(
    [...body.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?'([^']+)'(\??): /g)].map(
      ([, description = "", name, optional]) => [
        name,
        { description: comment(description), optional: optional === "?" },
      ],
    ),
  );
  const module = (await import(join(models, file.replace(".d.ts", ".js")))) as Record<
    string,
    { getAttributeTypeMap(): Attribute[] }
  >;
  const properties = module[head[2]]!.getAttributeTypeMap().map(({ name, baseName, type }): Property => {
    const declaration = declared.get(name);
    if (!declaration) throw new Error(`${file}: property ${name} is not declared`);
    return { name: baseName, type, ...declaration };
  });
  return { name: head[2], description: comment(head[1] ?? ""), properties };
}

function tsType(type: string): string {
  const array = /^Array<(.+)>$/.exec(type);
  if (array?.[1]) {
    const item = tsType(array[1]);
    return /^[\w]+$/.test(item) ? `readonly ${item}[]` : `readonly (${item})[]`;
  }
  const map = /^\{\s*\[key: string\]: ([\s\S]+?);?\s*\}$/.exec(type);
  if (map?.[1]) return `{ readonly [key: string]: ${tsType(map[1])} }`;
  if (type === "Date" || type === "V1MicroTime") return "string";
  if (type === "any" || type === "object") return "unknown";
  if (["string", "number", "boolean"].includes(type)) return type;
  if (type === "IntOrString") return "number | string";
  return ourName(type);
}

const files = readdirSync(models).filter(
  (file) => file.endsWith(".d.ts") && !["all.d.ts", "ObjectSerializer.d.ts"].includes(file),
);
const all = await Promise.all(files.map(readModel));

const doc = (text: string, indent: string) =>
  text ? `${indent}/** ${text.replaceAll("*/", "*\\/").replaceAll("\n", `\n${indent} * `)} */\n` : "";

/** Every object that the server returns has these, though the OpenAPI document calls them optional. */
const isObject = (model: Model) =>
  ["apiVersion", "kind", "metadata"].every((name) => model.properties.some((property) => property.name === name));

const types = all.map((model) => {
  const always = isObject(model) ? ["apiVersion", "kind", "metadata"] : [];
  const lines = model.properties.map(
    ({ name, type, optional, description }) =>
      `${doc(description, "  ")}  readonly ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${optional && !always.includes(name) ? "?" : ""}: ${tsType(type)};\n`,
  );
  return `${doc(model.description, "")}export interface ${ourName(model.name)} {\n${lines.join("")}}\n`;
});

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "types.ts"), `// Made by scripts/generate.ts; do not edit.\n\n${types.join("\n")}`);
writeFileSync(join(out, "stamp"), process.argv[2] ?? "");
