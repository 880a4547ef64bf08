// Makes src/objects/facts/ from a folder of upstream's OpenAPI v3 documents: what the models of client-node do not
// say about the API's types. Facts only, no texts. Run it when the Kubernetes release changes:
//   npm run setup scripts/facts.ts <folder of OpenAPI v3 documents> <folders of the Go modules api@v0.36.0, apimachinery@…,
//     apiextensions-apiserver@…, kube-aggregator@…>
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goTypes, type GoField } from "./facts-go.ts";
import { readModels, type Model, type Property } from "./generate/models.ts";
import { codeOf, factsFolder } from "./generate/structure.ts";

interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly default?: unknown;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly [extension: string]: unknown;
}

const [folder, ...goModules] = process.argv.slice(2);
if (!folder) throw new Error("usage: facts.ts <folder of OpenAPI v3 documents> [<folder of a Go module>…]");

interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, OpenApiSchema>> };
  readonly paths?: Readonly<Record<string, { readonly delete?: OpenApiOperation }>>;
}

interface OpenApiOperation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: OpenApiSchema }>> }>
  >;
  readonly "x-kubernetes-action"?: string;
}

const schemas = new Map<string, OpenApiSchema>();
/** Types whose deletion is answered with the object rather than a Status. */
const deletedObjects = new Set<string>();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const document = JSON.parse(readFileSync(join(folder, file), "utf8")) as OpenApiDocument;
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) schemas.set(name, schema);
  for (const { delete: operation } of Object.values(document.paths ?? {})) {
    if (operation?.["x-kubernetes-action"] !== "delete") continue;
    const ref = operation.responses["200"]?.content?.["application/json"]?.schema.$ref;
    if (ref && !ref.endsWith(".Status")) deletedObjects.add(ref.slice("#/components/schemas/".length));
  }
}

const SCALARS: Readonly<Record<string, string>> = {
  "string ": "s",
  "string byte": "y",
  "boolean ": "b",
  "integer int32": "i",
  "integer int64": "l",
  "number double": "d",
};

const refPrefix = "#/components/schemas/";

function upstreamCode(schema: OpenApiSchema): string {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (ref) return `&${ref.slice(refPrefix.length)}`;
  if (schema.items) return `[${upstreamCode(schema.items)}`;
  if (schema.additionalProperties) return `{${upstreamCode(schema.additionalProperties)}`;
  const code = SCALARS[`${schema.type} ${schema.format ?? ""}`];
  if (!code) throw new Error(`unknown schema ${JSON.stringify(schema)}`);
  return code;
}

const isZero = (value: unknown) => ["", 0, false].includes(value as string) || JSON.stringify(value) === "{}";

/** The facts that OpenAPI states in `x-kubernetes-` extensions and `default`. */
function extensions(schema: OpenApiSchema): string[] {
  const extras: string[] = [];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] as string[] | undefined;
  if (listType) extras.push(`list=${listType as string}${keys ? `:${keys.join(",")}` : ""}`);
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType) extras.push(mapType as string);
  const strategy = schema["x-kubernetes-patch-strategy"];
  if (strategy) extras.push(`patch=${strategy as string}`);
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  if (mergeKey) extras.push(`key=${mergeKey as string}`);
  if (schema.default !== undefined)
    extras.push(isZero(schema.default) ? "default" : `default=${JSON.stringify(schema.default)}`);
  return extras;
}

function fieldFacts(
  schema: OpenApiSchema | undefined,
  required: boolean,
  property: Property | undefined,
  names: ReadonlyMap<string, string>,
  go: GoField | undefined,
): string[] {
  if (!schema) return ["absent"];
  const extras: string[] = [];
  const code = upstreamCode(schema);
  if (!property || codeOf(property.type, property.format, names) !== code) extras.push(`type=${code}`);
  if (required !== (property?.optional === false)) extras.push(required ? "required" : "optional");
  return [...extras, ...extensions(schema), ...goFacts(code, go)];
}

const GO_SCALARS: Readonly<Record<string, string>> = {
  s: "string",
  b: "bool",
  i: "int32",
  l: "int64",
  d: "float64",
  y: "[]uint8",
};

/** The Go type that the decoder takes for granted (src/objects/decode/go-type.ts). */
function plainGoType(code: string): string {
  const rest = code.slice(1);
  if (code.startsWith("[")) return `[]${plainGoType(rest)}`;
  if (code.startsWith("{")) return `map[string]${plainGoType(rest)}`;
  return code.startsWith("&") ? rest.split(".").slice(-2).join(".") : GO_SCALARS[code]!;
}

function goFacts(code: string, go: GoField | undefined): string[] {
  if (!go) return [];
  return [
    ...(go.type === plainGoType(code) ? [] : [`go=${go.type}`]),
    // Of TypeMeta are apiVersion and kind, which are read before the rest.
    ...(go.embedded && go.embedded !== "TypeMeta" ? [`in=${go.embedded}`] : []),
    // Structs are never left out, and lists and maps have no zero that could be told from nothing.
    ...(go.omitsZero && code in GO_SCALARS ? ["omitempty"] : []),
    ...(go.isNull ? ["null"] : []),
  ];
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function typeFacts(name: string, schema: OpenApiSchema): string[] {
  const extras = schema["x-kubernetes-map-type"] === "atomic" ? ["atomic"] : [];
  if (deletedObjects.has(name)) extras.push("delete=object");
  const kinds = (schema["x-kubernetes-group-version-kind"] ?? []) as GroupVersionKind[];
  // Every group version has its own DeleteOptions and WatchEvent; each document lists those of its group only.
  if (kinds.length > 1 && new Set(kinds.map(({ kind }) => kind)).size === 1) extras.push(`kind=*/${kinds[0]!.kind}`);
  else for (const { group, version, kind } of kinds) extras.push(`kind=${group}/${version}/${kind}`);
  const unions = schema["x-kubernetes-unions"];
  if (unions) extras.push(`unions=${JSON.stringify(unions)}`);
  if (!schema.properties) {
    const { description: _, ...form } = schema;
    extras.push(`form=${JSON.stringify(form)}`);
  }
  return extras;
}

/** `io.k8s.api.core.v1.Event` is `CoreV1Event` where several groups have the kind, otherwise `V1Event`. */
function modelOf(name: string, models: ReadonlyMap<string, Model>): string {
  const [group = "", version = "", kind = ""] = name.split(".").slice(-3);
  const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const candidates = [`${upper(group)}${upper(version)}${kind}`, `${upper(version)}${kind}`];
  return candidates.find((candidate) => models.has(candidate)) ?? "";
}

const models = new Map((await readModels()).map((model) => [model.name, model]));
const modelOfType = new Map([...schemas.keys()].toSorted().map((name) => [name, modelOf(name, models)]));
const names = new Map([...modelOfType].filter(([, model]) => model).map(([name, model]) => [model, name]));

const goFieldsOf = goTypes(goModules);
const packages = new Map<string, string[]>();
for (const [name, model] of modelOfType) {
  const schema = schemas.get(name)!;
  const dot = name.lastIndexOf(".");
  const lines = packages.get(name.slice(0, dot)) ?? [];
  packages.set(name.slice(0, dot), lines);
  lines.push([name.slice(dot + 1), model, ...typeFacts(name, schema)].join("\t"));
  const goFields = goFieldsOf(name);
  const properties = new Map(models.get(model)?.properties.map((property) => [property.name, property]));
  for (const field of [...new Set([...Object.keys(schema.properties ?? {}), ...properties.keys()])].toSorted()) {
    const required = schema.required?.includes(field) ?? false;
    const extras = fieldFacts(schema.properties?.[field], required, properties.get(field), names, goFields.get(field));
    if (extras.length > 0) lines.push([`.${field}`, ...extras].join("\t"));
  }
}

mkdirSync(factsFolder, { recursive: true });
for (const file of readdirSync(factsFolder).filter((name) => name.endsWith(".tsv"))) rmSync(join(factsFolder, file));
for (const [name, lines] of packages) writeFileSync(join(factsFolder, `${name}.tsv`), `${lines.join("\n")}\n`);
