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
export { jsonSteps } from "./json.ts";
export { documentForm, MEDIA_TYPE, type DocumentForm } from "./media.ts";
export { protobufSteps, type YamlWriter } from "./protobuf/index.ts";
export { finish, type Steps } from "./steps.ts";
export { openApiV2, openApiV2Steps, type Served } from "./v2.ts";
export { openApiV3, openApiV3Index, type DocumentHashes } from "./v3.ts";
