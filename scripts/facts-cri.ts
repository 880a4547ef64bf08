// Makes src/kubelet/containerd/cri/messages.json and messages.ts: numbers and types of the messages of upstream's
// container runtime interface, as far as the methods below need them. Run it when the release changes:
//   npm run setup scripts/facts-cri.ts <table of messages>
// The table is tab separated with a heading: package, message, field, number, type and label of every field, enum
// value and call.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [source] = process.argv.slice(2);
if (!source) throw new Error("usage: facts-cri.ts <table of messages>");

const METHODS = [
  ...["Version", "Status", "RuntimeConfig"],
  ...["RunPodSandbox", "StopPodSandbox", "RemovePodSandbox", "PodSandboxStatus", "ListPodSandbox"],
  ...["CreateContainer", "StartContainer", "StopContainer", "RemoveContainer", "ListContainers", "ContainerStatus"],
  ...["UpdateContainerResources", "ReopenContainerLog", "ExecSync", "Exec", "Attach", "PortForward"],
  ...["ListContainerStats", "ListPodSandboxStats"],
  ...["ListImages", "ImageStatus", "PullImage", "RemoveImage", "ImageFsInfo"],
];

interface Field {
  readonly name: string;
  readonly number: string;
  readonly type: string;
}

const fields = new Map<string, Field[]>();
const enums = new Map<string, { readonly name: string; readonly number: string }[]>();
const calls: { readonly name: string; readonly request: string; readonly response: string }[] = [];

const camel = (name: string) =>
  name
    .replaceAll(/_([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase())
    .replace(/^[A-Z]+(?=[A-Z])/, (head) => head.toLowerCase());
/** `SecurityProfile.ProfileType` is called ProfileType by the messages that use it. */
const plain = (name: string) => name.split(".").at(-1)!;

function typeOf(type: string, label: string): string {
  const map = /^map<string, ?(.+)>$/.exec(type);
  if (map) return `{}${plain(map[1]!)}`;
  return `${label === "repeated" ? "[]" : ""}${plain(type)}`;
}

for (const line of readFileSync(source, "utf8").trimEnd().split("\n").slice(1)) {
  const [, message = "", name = "", number = "", type = "", label = ""] = line.split("\t");
  if (label === "rpc") {
    const [, request = "", response = ""] = /^\((\w+)\) -> \((\w+)\)$/.exec(type) ?? [];
    if (METHODS.includes(name)) calls.push({ name: `${message}.${name}`, request, response });
  } else if (type === "enum-value") {
    const values = enums.get(plain(message)) ?? [];
    enums.set(plain(message), [...values, { name, number }]);
  } else {
    const known = fields.get(plain(message)) ?? [];
    fields.set(plain(message), [...known, { name: camel(name), number, type: typeOf(type, label) }]);
  }
}
for (const name of METHODS)
  if (!calls.some((call) => call.name.endsWith(`.${name}`))) throw new Error(`no method ${name}`);

const isNeeded = ({ type }: Field) => !type.includes("Windows");
const needed = new Set<string>();
const need = (name: string): void => {
  if (needed.has(name)) return;
  needed.add(name);
  for (const field of (fields.get(name) ?? []).filter(isNeeded)) {
    const target = field.type.replace(/^\[\]|^\{\}/, "");
    if (fields.has(target) || enums.has(target)) need(target);
    // A message without fields has no row.
    else if (/^[A-Z]/.test(target)) fields.set(target, []);
  }
};
for (const { request, response } of calls) {
  need(request);
  need(response);
}
const names = [...needed].toSorted();

const rows = [
  ...calls.map(({ name, request, response }) => `rpc ${name} ${request} ${response}`),
  ...names.map((name) => {
    const values = enums.get(name);
    if (values) return ["enum", name, ...values.map((value) => `${value.name}=${value.number}`)].join(" ");
    const cells = (fields.get(name) ?? [])
      .filter(isNeeded)
      .map((field) => `${field.name}:${field.number}:${field.type}`);
    return [name, ...cells].join(" ");
  }),
];

const SCALARS: Readonly<Record<string, string>> = { string: "string", bool: "boolean", bytes: "Uint8Array" };

function tsType(type: string): string {
  if (type.startsWith("{}")) return `Readonly<Record<string, ${tsType(type.slice(2))}>>`;
  if (type.startsWith("[]")) return `readonly ${tsType(type.slice(2)).replace(/ \| null$/, "")}[]`;
  if (enums.has(type)) return type;
  if (fields.has(type)) return `${type} | null`;
  return SCALARS[type] ?? "number";
}

const types = names.map((name) => {
  const values = enums.get(name);
  if (values) return `export type ${name} = ${values.map((value) => JSON.stringify(value.name)).join(" | ")};`;
  const lines = (fields.get(name) ?? [])
    .filter(isNeeded)
    .map((field) => `  readonly ${field.name}: ${tsType(field.type)};`);
  return lines.length > 0 ? `export interface ${name} {\n${lines.join("\n")}\n}` : `export type ${name} = object;`;
});
const methods = calls.map(({ name, request, response }) => `  readonly "${name}": readonly [${request}, ${response}];`);

const folder = join(import.meta.dirname, "../src/kubelet/containerd/cri");
writeFileSync(join(folder, "messages.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
writeFileSync(
  join(folder, "messages.ts"),
  `// Made by scripts/facts-cri.ts. Messages as they are received: see createCodec in #wire/grpc.\n\n${types.join("\n\n")}\n\n/** The calls: what each takes and gives. */\nexport interface CriMethods {\n${methods.join("\n")}\n}\n`,
);
