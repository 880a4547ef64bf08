import { discoveryPaths } from "./discovery.ts";
import { JSON_AND_YAML, type GroupVersion, type OpenApiOptions, type OpenApiResource } from "./input.ts";
import type { Operation, Paths } from "./operation.ts";
import { operationsOf } from "./operations.ts";
import type { Parameter } from "./parameters.ts";
import { schemaSteps, V2, type Json } from "./schemas.ts";
import { finish, type Steps } from "./steps.ts";
import { CODES, ownParameters, sharedParameters, typeSchema, typesOf } from "./v3.ts";

/** What a group version serves. */
export interface Served {
  readonly groupVersion: GroupVersion;
  readonly resources: readonly OpenApiResource[];
}

/** `/openapi/v2`: everything that is served, in one document. */
export const openApiV2 = (served: readonly Served[], version: string, options: OpenApiOptions): Json =>
  finish(openApiV2Steps(served, version, options));

/** {@link openApiV2}, a group version, a path or a type at a time. */
export function* openApiV2Steps(served: readonly Served[], version: string, options: OpenApiOptions): Steps<Json> {
  const groupVersions = served.map(({ groupVersion }) => groupVersion);
  const groups = [...new Set(groupVersions.map(({ group }) => group))];
  const operations: Paths = new Map([...discoveryPaths(groups, options).values()].flatMap((each) => [...each]));
  for (const { groupVersion, resources } of served) {
    for (const [path, each] of operationsOf(groupVersion, resources, options)) operations.set(path, each);
    yield;
  }
  const { objects } = options.mediaTypes ?? JSON_AND_YAML;
  const paths: Record<string, Json> = {};
  for (const [path, each] of [...operations].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    paths[path] = pathItem(each, objects);
    yield;
  }
  const definitions = yield* schemaSteps(typesOf(operations), options.texts, V2, groupVersions);
  for (const { name, schema } of options.schemas?.values() ?? []) definitions[name] ??= schema;
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths,
    definitions,
    securityDefinitions: {
      BearerToken: { description: "A bearer token", in: "header", name: "authorization", type: "apiKey" },
    },
    security: [{ BearerToken: [] }],
  };
}

function pathItem(operations: readonly Operation[], objects: readonly string[]): Json {
  const shared = sharedParameters(operations);
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationV2(operation, shared, objects)])),
    ...(shared.length > 0 ? { parameters: shared.map(parameterV2) } : {}),
  };
}

function operationV2(operation: Operation, shared: readonly Parameter[], objects: readonly string[]): Json {
  const { id, description, tag, action, kind, body, answer } = operation;
  const parameters: Json[] = ownParameters(operation, shared).map(parameterV2);
  if (body) {
    const schema = typeSchema(body.type, V2.prefix);
    parameters.push({ in: "body", name: "body", ...(body.required ? { required: true } : {}), schema });
  }
  return {
    description,
    operationId: id,
    consumes: body?.mediaTypes ?? (action ? ["*/*"] : objects),
    produces: answer.mediaTypes,
    schemes: ["https"],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      ...Object.fromEntries(
        answer.codes.map((code) => [
          code,
          { description: CODES[code] ?? "", schema: typeSchema(answer.type, V2.prefix) },
        ]),
      ),
      401: { description: "Unauthorized" },
    },
    tags: [tag],
    ...(action ? { "x-kubernetes-action": action } : {}),
    ...(kind ? { "x-kubernetes-group-version-kind": kind } : {}),
  };
}

const parameterV2 = ({ schema, ...parameter }: Parameter): Json => ({ ...parameter, ...schema });
