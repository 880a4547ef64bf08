export { openApiV3Discovery } from "./discovery.ts";
export { openApiHash } from "./hash.ts";
export {
  JSON_AND_YAML,
  pathOf,
  type CustomSchema,
  type GroupVersion,
  type MediaTypes,
  type OpenApiOptions,
  type OpenApiResource,
} from "./input.ts";
export { openApiV2 } from "./v2.ts";
export { openApiV3, openApiV3Index, type DocumentHashes } from "./v3.ts";
