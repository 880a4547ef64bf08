import { JSON_AND_YAML, type OpenApiOptions } from "./input.ts";
import { groupTagOf, operationGroupOnly } from "./names.ts";
import type { Operation, Paths } from "./operation.ts";
import type { Json } from "./schemas.ts";
import { documentV3 } from "./v3.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

function discoveryPath(path: string, id: string, tag: string, type: string, options: OpenApiOptions): Paths {
  const { objects } = options.mediaTypes ?? JSON_AND_YAML;
  const operation: Operation = {
    method: "get",
    id,
    description: "Discover what is served",
    tag,
    parameters: [],
    answer: { codes: [200], type, mediaTypes: objects },
  };
  return new Map([[path, [operation]]]);
}

/** The paths beside group versions: `/api`, `/apis`, each group, and `/version`; by the path of their document. */
export function discoveryPaths(groups: readonly string[], options: OpenApiOptions): ReadonlyMap<string, Paths> {
  const named = groups.filter((group) => group !== "");
  const json: OpenApiOptions = { ...options, mediaTypes: { objects: ["application/json"], watches: [] } };
  return new Map([
    ["api", discoveryPath("/api/", "getCoreAPIVersions", "core", `${META}APIVersions`, options)],
    ["apis", discoveryPath("/apis/", "getAPIVersions", "apis", `${META}APIGroupList`, options)],
    ...named.map((group): [string, Paths] => {
      const id = `get${operationGroupOnly(group)}APIGroup`;
      return [`apis/${group}`, discoveryPath(`/apis/${group}/`, id, groupTagOf(group), `${META}APIGroup`, options)];
    }),
    ["version", discoveryPath("/version/", "getCodeVersion", "version", "io.k8s.apimachinery.pkg.version.Info", json)],
  ]);
}

/** `/openapi/v3/apis/apps` and its like; undefined for a path that is none of them. */
export function openApiV3Discovery(path: string, groups: readonly string[], options: OpenApiOptions): Json | undefined {
  const paths = discoveryPaths(groups, options).get(path);
  return paths ? documentV3(paths, [], options) : undefined;
}
