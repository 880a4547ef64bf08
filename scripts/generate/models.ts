// Reads the Kubernetes models of @kubernetes/client-node: names, wire names, types, which are optional, texts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const models = join(import.meta.dirname, "../../node_modules/@kubernetes/client-node/dist/gen/models");

export interface Property {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly optional: boolean;
  readonly description: string;
}

export interface Model {
  readonly name: string;
  readonly description: string;
  readonly properties: readonly Property[];
}

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** The text of a comment, without what client-node's generator escapes in it. */
const comment = (text: string) =>
  text
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .trim()
    .replaceAll("*_/", "*/")
    .replaceAll(/\\(.)/g, "$1");

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
  const properties = module[head[2]]!.getAttributeTypeMap().map(({ name, baseName, type, format }): Property => {
    const declaration = declared.get(name);
    if (!declaration) throw new Error(`${file}: property ${name} is not declared`);
    return { name: baseName, type, format, ...declaration };
  });
  return { name: head[2], description: comment(head[1] ?? ""), properties };
}

export async function readModels(): Promise<readonly Model[]> {
  const files = readdirSync(models).filter(
    (file) => file.endsWith(".d.ts") && !["all.d.ts", "ObjectSerializer.d.ts"].includes(file),
  );
  return await Promise.all(files.map(readModel));
}
