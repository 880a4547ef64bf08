/** JSON Merge Patch (RFC 7386). */
import { copyJson, isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import { badRequest } from "../status-error.ts";
import { documentCopy } from "./document.ts";

/** A copy without the keys whose value is null, at any depth; nulls that are items of lists stay. */
export function withoutNulls(value: unknown): unknown {
  if (isList(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const key in value) if (value[key] !== null) setValue(result, key, withoutNulls(value[key]));
  return result;
}

function mergeInto(target: JsonMap, patch: Readonly<JsonMap>): void {
  for (const key in patch) {
    const value = patch[key];
    const current = ownValue(target, key);
    if (value === null || value === undefined) delete target[key];
    else if (isMap(current)) {
      if (isMap(value)) mergeInto(current, value);
      // As upstream: a list or scalar in place of an object is taken as it is.
      else target[key] = copyJson(value);
    } else setValue(target, key, withoutNulls(value));
  }
}

/**
 * The document with the patch merged in, as a draft that shares nothing but frozen managedFields with what came in. Throws a 400 StatusError
 * when the patch is no object.
 */
export function applyMergePatch(document: Readonly<JsonMap>, patch: unknown): JsonMap {
  if (patch === null) throw badRequest("Invalid JSON Patch");
  if (!isMap(patch)) {
    const kind = isList(patch) ? "array" : typeof patch === "boolean" ? "bool" : typeof patch;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
    );
  }
  const result = documentCopy(document, patch);
  mergeInto(result, patch);
  return result;
}
