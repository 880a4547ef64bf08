import {
  byteLength,
  configMapKey,
  forbidden,
  invalid,
  sameJson,
  tooLong,
  type ConfigMap,
  type FieldError,
} from "#objects";
import { base64Length } from "#base";
import { each } from "../common/checks.ts";
import { AGE, integer } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

/** The most that a ConfigMap's or Secret's data may hold, in bytes. */
export const MAX_DATA_SIZE = 1024 * 1024;

export const IMMUTABLE_DATA = "field is immutable when `immutable` is set";

function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...each(`data[${key}]`, key, configMapKey(key)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    size += byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...each(`binaryData[${key}]`, key, configMapKey(key)));
    size += base64Length(value);
  }
  if (size > MAX_DATA_SIZE) errors.push(tooLong("", "", MAX_DATA_SIZE));
  return errors;
}

function validateUpdate(object: ConfigMap, old: ConfigMap): FieldError[] {
  if (!old.immutable) return [];
  const errors: FieldError[] = [];
  if (!object.immutable) errors.push(forbidden("immutable", IMMUTABLE_DATA));
  if (!sameJson(object.data, old.data)) errors.push(forbidden("data", IMMUTABLE_DATA));
  if (!sameJson(object.binaryData, old.binaryData)) errors.push(forbidden("binaryData", IMMUTABLE_DATA));
  return errors;
}

export const configMaps = define<ConfigMap>({
  group: "",
  resource: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  shortNames: ["cm"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "ConfigMap")],
  validate,
  validateUpdate,
  columns: [
    integer("Data", ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length, {
      type: "string",
    }),
    AGE,
  ],
});
