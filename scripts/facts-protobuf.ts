// Makes src/wire/codecs/protobuf/messages.json: the numbers of upstream's protobuf messages, joined with what the
// schema model knows of the same types (names in JSON, zeros that JSON leaves out). Run it when the release changes,
// after facts.ts:
//   npm run setup scripts/facts-protobuf.ts <table of messages>
// The table is tab separated with a heading: package, message, field, number, type and label of every field.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rowOf, typeNames, type FieldRow } from "../src/objects/schema/table.ts";
import { messageName } from "../src/wire/codecs/protobuf/names.ts";
import { SPECIAL } from "../src/wire/codecs/protobuf/special.ts";

interface WireField {
  readonly name: string;
  readonly number: number;
  /** As the table of messages has it: `s`, `&k8s.io.api.core.v1.Pod`, `[i`, `{s`. */
  readonly code: string;
}

const [source] = process.argv.slice(2);
if (!source) throw new Error("usage: facts-protobuf.ts <table of messages>");

const SCALARS: Readonly<Record<string, string>> = {
  string: "s",
  int32: "i",
  int64: "l",
  bool: "b",
  bytes: "y",
  double: "d",
};

function codeOf(pack: string, type: string, label: string): string {
  const map = /^map<string, (.+)>$/.exec(type);
  if (map) return `{${codeOf(pack, map[1]!, "")}`;
  if (label === "repeated") return `[${codeOf(pack, type, "")}`;
  const name = type.replace(/^\./, "");
  return SCALARS[name] ?? `&${name.includes(".") ? name : `${pack}.${name}`}`;
}

const messages = new Map<string, WireField[]>();
for (const line of readFileSync(source, "utf8").trim().split("\n").slice(1)) {
  const [pack = "", message = "", name = "", number = "", type = "", label = ""] = line.split("\t");
  const key = `${pack}.${message}`;
  if (!messages.has(key)) messages.set(key, []);
  messages.get(key)!.push({ name, number: Number(number), code: codeOf(pack, type, label) });
}

/** Of a name in JSON what both have: `x-kubernetes-map-type` is xKubernetesMapType in protobuf, `$ref` is ref, `name` Name once. */
const plain = (name: string) => name.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase();

for (const fields of messages.values()) fields.sort((a, b) => a.number - b.number);

const typeIn = (code: string) => /&(.+)$/.exec(code)?.[1];

const table = new Map<string, string[]>();

/**
 * Adds a message and those in it. A message that the model has no field for is a struct that Go embeds: its fields
 * are those of the type around it. Returns the names that found their number.
 */
function add(message: string, fields: ReadonlyMap<string, FieldRow>): Set<string> {
  const found = new Set<string>();
  const cells: string[] = [];
  const known = table.has(message);
  if (!known) table.set(message, cells);
  for (const { name, number, code } of messages.get(message) ?? []) {
    const field = fields.get(plain(name));
    const target = typeIn(code);
    if (field) {
      found.add(field.name);
      if (target && !known) addType(target);
      cells.push(`${number}:${field.name}:${code}${field.omitEmpty ? ":o" : ""}`);
    } else {
      if (!target || code !== `&${target}`) throw new Error(`${message}.${name} is in no type of the model`);
      for (const inner of add(target, fields)) found.add(inner);
      cells.push(`${number}::${code}`);
    }
  }
  return found;
}

const typeOfMessage = new Map(typeNames().map((name) => [messageName(name), name]));

/** A message that is a type of its own. */
function addType(message: string): void {
  if (table.has(message) || SPECIAL.has(message)) return;
  const row = rowOf(typeOfMessage.get(message) ?? "");
  // What is sent without an envelope has these two as fields, the rest has them in it.
  const fields = (row?.fields ?? []).map((field) => [plain(field.name), field] as const);
  const found = add(message, new Map(fields));
  for (const [, { name }] of fields) {
    if (!found.has(name) && name !== "apiVersion" && name !== "kind")
      throw new Error(`${message}: ${name} has no number`);
  }
}

for (const message of [...typeOfMessage.keys()].toSorted()) if (messages.has(message)) addType(message);

const names = [...table.keys()].filter((name) => table.get(name)!.length > 0).toSorted();
const positions = new Map(names.map((name, at) => [name, at]));
const short = (cell: string) => cell.replace(/&([^:]+)/, (_, name: string) => `&${positions.get(name) ?? name}`);
const rows = names.map((name) => [name, ...table.get(name)!.map(short)].join(" "));
writeFileSync(
  join(import.meta.dirname, "../src/wire/codecs/protobuf/messages.json"),
  `${JSON.stringify(rows, undefined, 2)}\n`,
);
