/** The words that a strategic merge patch may hold beside the object's own fields. */
import { isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import { badRetainKeys } from "./strategic-error.ts";

export const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
/** `$setElementOrder/containers` */
export const ELEMENT_ORDER = "$setElementOrder";
/** `$deleteFromPrimitiveList/finalizers` */
export const DELETE_FROM_LIST = "$deleteFromPrimitiveList";

/** The field that a directive with a prefix is about: undefined when the key is malformed. */
export function directiveField(key: string): string | undefined {
  const slash = key.indexOf("/");
  return slash < 0 ? undefined : key.slice(slash + 1);
}

/** Whether a value is a map with a $patch in it. */
export const hasPatchDirective = (value: unknown): boolean => isMap(value) && Object.hasOwn(value, PATCH);

/** The value without the maps in it that are nothing but directives; undefined when nothing is left. Changes it. */
export function withoutDirectives(value: unknown): unknown {
  if (isList(value)) {
    const kept: unknown[] = [];
    for (const item of value) {
      const result = withoutDirectives(item);
      if (result !== undefined) kept.push(result);
    }
    return kept;
  }
  if (!isMap(value)) return value;
  if (hasPatchDirective(value)) return undefined;
  for (const key of Object.keys(value)) {
    const result = withoutDirectives(value[key]);
    if (result === undefined) delete value[key];
    else setValue(value, key, result);
  }
  return value;
}

/** `$retainKeys`: what the list does not name is cleared. It must name every field that the patch sets. */
export function applyRetainKeys(original: JsonMap, patch: JsonMap): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const list = ownValue(patch, RETAIN_KEYS);
  delete patch[RETAIN_KEYS];
  if (!isList(list)) throw badRetainKeys();
  const retained = new Set(list);
  for (const key in patch) {
    if (patch[key] === null || key.startsWith(DELETE_FROM_LIST) || key.startsWith(ELEMENT_ORDER)) continue;
    if (!retained.has(key)) throw badRetainKeys();
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key];
}
