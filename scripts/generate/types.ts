// The TypeScript types of the API, as the JSON on the wire has them.
import type { Model } from "./models.ts";

/** `V1Pod` is our `Pod`; names of other versions and of ambiguous kinds stay as they are. */
const ourName = (model: string) => model.replace(/^V1(?=[A-Z])/, "");

function tsType(type: string, format = ""): string {
  // Beyond 2^53 it is a bigint, with which nothing computes by accident.
  if (type === "number" && format === "int64") return "number | bigint";
  const array = /^Array<(.+)>$/.exec(type);
  if (array?.[1]) {
    const item = tsType(array[1], format);
    return /^[\w]+$/.test(item) ? `readonly ${item}[]` : `readonly (${item})[]`;
  }
  const map = /^\{\s*\[key: string\]: ([\s\S]+?);?\s*\}$/.exec(type);
  if (map?.[1]) return `{ readonly [key: string]: ${tsType(map[1], format)} }`;
  if (type === "Date" || type === "V1MicroTime") return "string";
  if (type === "any" || type === "object") return "unknown";
  if (["string", "number", "boolean"].includes(type)) return type;
  if (type === "IntOrString") return "number | string";
  return ourName(type);
}

const doc = (text: string, indent: string) =>
  text ? `${indent}/** ${text.replaceAll("*/", "*\\/").replaceAll("\n", `\n${indent} * `)} */\n` : "";

/** Every object that the server returns has these, though the OpenAPI document calls them optional. */
const isObject = (model: Model) =>
  ["apiVersion", "kind", "metadata"].every((name) => model.properties.some((property) => property.name === name));

export function typesModule(models: readonly Model[]): string {
  const types = models.map((model) => {
    const always = isObject(model) ? ["apiVersion", "kind", "metadata"] : [];
    const lines = model.properties.map(
      ({ name, type, format, optional, description }) =>
        `${doc(description, "  ")}  readonly ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${optional && !always.includes(name) ? "?" : ""}: ${tsType(type, format)};\n`,
    );
    return `${doc(model.description, "")}export interface ${ourName(model.name)} {\n${lines.join("")}}\n`;
  });
  return `// Made by scripts/generate.ts; do not edit.\n\n${types.join("\n")}`;
}
