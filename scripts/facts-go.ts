// What Go calls the types of the API's fields, read from checkouts of the modules that declare them. Decoding
// errors name these types, and the structs that are embedded in others.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface GoField {
  /** As reflect prints it, without the pointer: `v1.RestartPolicy`, `[]v1.Container`. */
  readonly type: string;
  /** Names of the embedded structs that it is in, joined by dots: `ProbeHandler`. */
  readonly embedded: string;
  /** JSON leaves its zero value out: it is no pointer and is marked omitempty. */
  readonly omitsZero: boolean;
  /** JSON says null where it has no value: a pointer, list, map or time that is written all the same. */
  readonly isNull: boolean;
}

interface GoStruct {
  readonly fields: readonly ({ readonly json: string } & Omit<GoField, "embedded">)[];
  readonly embedded: readonly string[];
}

interface GoPackage {
  readonly name: string;
  readonly structs: ReadonlyMap<string, GoStruct>;
}

const BUILT_IN = /^(string|bool|byte|u?int(8|16|32|64)?|float(32|64)|interface \{\})$/;

const TIME = /^(metav1\.)?(Micro)?Time$/;

/** The fields of types by their upstream name, `io.k8s.api.core.v1.Probe`. `modules` are folders named like `api@v0.36.0`. */
export function goTypes(modules: readonly string[]): (name: string) => ReadonlyMap<string, GoField> {
  const folders = new Map(modules.map((folder) => [basename(folder).replace(/@.*$/, ""), folder]));
  const packages = new Map<string, GoPackage | undefined>();
  const packageOf = (path: string) => {
    if (!packages.has(path)) packages.set(path, readPackage(folders, path));
    return packages.get(path);
  };
  const fieldsOf = (path: string, struct: string, embedded: string): Map<string, GoField> => {
    const found = packageOf(path)?.structs.get(struct);
    const fields = new Map<string, GoField>();
    for (const inner of found?.embedded ?? []) {
      // Of another package is only metav1.TypeMeta, whose fields are read before.
      if (inner.includes(".")) continue;
      const chain = embedded ? `${embedded}.${inner}` : inner;
      for (const [json, field] of fieldsOf(path, inner, chain)) fields.set(json, field);
    }
    for (const { json, ...field } of found?.fields ?? []) fields.set(json, { ...field, embedded });
    return fields;
  };
  return (name) => {
    const parts = name.split(".").slice(2);
    return fieldsOf(parts.slice(0, -1).join("/"), parts.at(-1)!, "");
  };
}

/** `api/core/v1` is the folder core/v1 of the module api. */
function readPackage(folders: ReadonlyMap<string, string>, path: string): GoPackage | undefined {
  const [module = "", ...rest] = path.split("/");
  const folder = join(folders.get(module) ?? "", ...rest);
  if (!folders.has(module) || !existsSync(folder)) return undefined;
  const name = rest.at(-1)!;
  const structs = new Map<string, GoStruct>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".go") || file.endsWith("_test.go") || file.startsWith("zz_generated")) continue;
    const text = readFileSync(join(folder, file), "utf8");
    const imports = new Map(
      [...text.matchAll(/^\s+(?:(\w+) )?"([^"]+)"$/gm)].map(([, alias, target = ""]) => [
        alias ?? basename(target),
        basename(target),
      ]),
    );
    for (const [, struct = "", body = ""] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
      structs.set(
        struct,
        readStruct(body, (type) => printed(type, name, imports)),
      );
    }
  }
  return { name, structs };
}

function readStruct(body: string, print: (type: string) => string): GoStruct {
  const fields: GoStruct["fields"][number][] = [];
  const embedded: string[] = [];
  for (const line of body.split("\n")) {
    const match = /^\t(?:(\w+)\s+)?(\S+)\s+`[^`]*\bjson:"([^",]*)([^"]*)"/.exec(line);
    if (!match) continue;
    const [, field, type = "", json = "", options = ""] = match;
    if (!field && json === "") embedded.push(type.replace(/^\*/, ""));
    else if (json !== "" && json !== "-") {
      const omitsZero = !type.startsWith("*") && options.includes(",omitempty");
      // A time is a struct, which omitempty does not leave out.
      const isNull = TIME.test(type)
        ? !options.includes(",omitzero")
        : /^(\*|\[\]|map\[)/.test(type) && !/,omit(empty|zero)/.test(options);
      fields.push({ json, type: print(type.replace(/^\*/, "")), omitsZero, isNull });
    }
  }
  return { fields, embedded };
}

function printed(type: string, packageName: string, imports: ReadonlyMap<string, string>): string {
  const list = /^\[\](.*)$/.exec(type);
  if (list) return `[]${printed(list[1]!, packageName, imports)}`;
  const map = /^map\[([^\]]*)\](.*)$/.exec(type);
  if (map) return `map[${printed(map[1]!, packageName, imports)}]${printed(map[2]!, packageName, imports)}`;
  if (type.startsWith("*")) return `*${printed(type.slice(1), packageName, imports)}`;
  if (type === "byte") return "uint8";
  if (BUILT_IN.test(type)) return type;
  const [first = "", second] = type.split(".");
  return second ? `${imports.get(first) ?? first}.${second}` : `${packageName}.${first}`;
}
