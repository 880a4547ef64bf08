import type { GroupVersion, OpenApiOptions, OpenApiResource } from "./input.ts";
import type { Operation, Paths } from "./operation.ts";
import { operationsOf } from "./operations.ts";
import type { Parameter } from "./parameters.ts";
import { schemasOf, V3, type Json } from "./schemas.ts";

/** Hashes that name a document's content, by path: `apis/apps/v1`. */
export type DocumentHashes = ReadonlyMap<string, string>;

/** `/openapi/v3`: where the document of each path is; clients keep one as long as its hash stays. */
export const openApiV3Index = (hashes: DocumentHashes): Json => ({
  paths: Object.fromEntries(
    [...hashes]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, hash]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]),
  ),
});

/** `/openapi/v3/apis/apps/v1`: the paths of a group version and the schemas of everything that they mention. */
export function openApiV3(
  groupVersion: GroupVersion,
  resources: readonly OpenApiResource[],
  options: OpenApiOptions,
): Json {
  const paths = operationsOf(groupVersion, resources, options);
  return documentV3(paths, [groupVersion], options);
}

export function documentV3(paths: Paths, groupVersions: readonly GroupVersion[], options: OpenApiOptions): Json {
  const schemas = schemasOf(typesOf(paths), options.texts, V3, groupVersions);
  for (const { name, schema } of options.schemas?.values() ?? []) schemas[name] ??= schema;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths: Object.fromEntries([...paths].map(([path, operations]) => [path, pathItem(operations)])),
    components: {
      schemas,
      securitySchemes: {
        BearerToken: {
          description: "A bearer token",
          in: "header",
          name: "authorization",
          type: "apiKey",
        },
      },
    },
  };
}

/** The names of types that operations take and answer with. */
export function typesOf(paths: Paths): Set<string> {
  const types = new Set<string>();
  for (const { body, answer } of [...paths.values()].flat()) {
    types.add(answer.type);
    if (body) types.add(body.type);
  }
  return types;
}

/** What all operations of a path take is said once. */
export function sharedParameters(operations: readonly Operation[]): readonly Parameter[] {
  const [first, ...others] = operations;
  return (first?.parameters ?? []).filter(({ name, in: place }) =>
    others.every(({ parameters }) => parameters.some((other) => other.name === name && other.in === place)),
  );
}

export function ownParameters(operation: Operation, shared: readonly Parameter[]): readonly Parameter[] {
  const names = new Set(shared.map(({ name, in: place }) => `${place} ${name}`));
  return operation.parameters.filter(({ name, in: place }) => !names.has(`${place} ${name}`));
}

function pathItem(operations: readonly Operation[]): Json {
  const shared = sharedParameters(operations);
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationV3(operation, shared)])),
    ...(shared.length > 0 ? { parameters: shared } : {}),
  };
}

function operationV3(operation: Operation, shared: readonly Parameter[]): Json {
  const { id, description, tag, action, kind, body, answer } = operation;
  const parameters = ownParameters(operation, shared);
  return {
    description,
    operationId: id,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { content: content(body.mediaTypes, body.type), ...(body.required ? { required: true } : {}) } }
      : {}),
    responses: {
      ...Object.fromEntries(
        answer.codes.map((code) => [
          code,
          { content: content(answer.mediaTypes, answer.type), description: CODES[code] ?? "" },
        ]),
      ),
      401: { description: "Unauthorized" },
    },
    tags: [tag],
    ...(action ? { "x-kubernetes-action": action } : {}),
    ...(kind ? { "x-kubernetes-group-version-kind": kind } : {}),
  };
}

export const CODES: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

const content = (mediaTypes: readonly string[], type: string): Json =>
  Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema: typeSchema(type, V3.prefix) }]));

export const typeSchema = (type: string, prefix: string): Json =>
  type === "string" ? { type: "string" } : { $ref: `${prefix}${type}` };
