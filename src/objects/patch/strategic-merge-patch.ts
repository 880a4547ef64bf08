/**
 * Strategic merge patch (apimachinery strategicpatch, the server's side of it): a merge patch that knows from the
 * schema which lists are merged, and by which key, and that may hold directives for deleting and ordering.
 */
import { copyJson, isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import { documentCopy } from "./document.ts";
import { withoutNulls } from "./merge-patch.ts";
import type { Field, ObjectSchema, Schema } from "../schema/model.ts";
import {
  applyRetainKeys,
  DELETE_FROM_LIST,
  directiveField,
  ELEMENT_ORDER,
  PATCH,
  withoutDirectives,
} from "./directives.ts";
import {
  applyElementOrder,
  checkElementOrder,
  mergeLists,
  orderList,
  withoutItems,
  type MergedList,
} from "./merge-list.ts";
import {
  badDeletionList,
  badDocument,
  badElementOrder,
  notStructured,
  unknownDirective,
  unknownField,
  wrongType,
} from "./strategic-error.ts";

/**
 * The document with the patch merged in, as a draft that shares nothing but frozen managedFields with what came in. `schema` is that of the
 * document. Throws a StatusError: 400 or 422 for malformed directives, 500 (as upstream) when the patch does not fit
 * the schema.
 */
export function applyStrategicMergePatch(document: Readonly<JsonMap>, patch: unknown, schema: ObjectSchema): JsonMap {
  if (!isMap(patch)) throw badDocument();
  return mergeMaps(documentCopy(document, patch), copyJson(patch) as JsonMap, schema);
}

/** Both maps belong to us and are changed. */
function mergeMaps(original: JsonMap, patch: JsonMap, schema: Schema): JsonMap {
  if (Object.hasOwn(patch, PATCH)) {
    const directive = patch[PATCH];
    if (directive === "delete") return {};
    if (directive !== "replace") throw unknownDirective(directive, patch);
    delete patch[PATCH];
    return patch;
  }
  applyRetainKeys(original, patch);
  applyElementOrders(original, patch, schema);
  for (const key of Object.keys(patch)) {
    const isDeletion = key.startsWith(DELETE_FROM_LIST);
    const field = isDeletion ? directiveField(key) : key;
    if (field === undefined) throw badDeletionList();
    mergeField(original, field, patch[key], schema, isDeletion);
  }
  return original;
}

function mergeField(original: JsonMap, key: string, value: unknown, schema: Schema, isDeletion: boolean): void {
  if (value === null) {
    delete original[key];
    return;
  }
  const current = ownValue(original, key);
  const bothMaps = isMap(current) && isMap(value);
  const bothLists = isList(current) && isList(value);
  if (!bothMaps && !bothLists) {
    if (!isDeletion) put(original, key, withoutDirectives(withoutNulls(value)));
    return;
  }
  const found = lookUp(schema, key);
  const strategy = mainStrategy(found);
  if (bothMaps) {
    setValue(original, key, strategy === "replace" ? value : mergeMaps(current, value, found.schema));
  } else if (bothLists) {
    if (isDeletion) setValue(original, key, withoutItems(current, value));
    else if (strategy === "merge") {
      const items = itemsOf(found.schema);
      const merge = (a: JsonMap, b: JsonMap) => mergeMaps(a, b, items);
      setValue(original, key, mergeLists(current, value, found.patchMergeKey ?? "", merge).list);
    } else setValue(original, key, value);
  }
}

function put(target: JsonMap, key: string, value: unknown): void {
  if (value === undefined) delete target[key];
  else setValue(target, key, value);
}

/** Merges the lists that have a $setElementOrder, puts them in its order, and takes both out of the patch. */
function applyElementOrders(original: JsonMap, patch: JsonMap, schema: Schema): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ELEMENT_ORDER)) continue;
    const order = orderList(patch[key]);
    delete patch[key];
    const field = directiveField(key);
    if (field === undefined) throw badElementOrder();
    const inOriginal = Object.hasOwn(original, field);
    const inPatch = Object.hasOwn(patch, field);
    const live = inOriginal ? original[field] : [];
    const changes = inPatch ? patch[field] : [];
    if (!isList(live)) throw wrongType("list", live);
    if (!isList(changes)) throw wrongType("list", changes);
    const found = lookUp(schema, field);
    const mergeKey = found.patchMergeKey ?? "";
    checkElementOrder(changes, order, mergeKey);
    if (!inOriginal && !inPatch) continue;
    let merged: MergedList = { list: live, live };
    if (inPatch && !inOriginal) merged = { list: withoutDirectives(changes) as unknown[], live };
    else if (inPatch) {
      const items = itemsOf(found.schema);
      merged =
        mainStrategy(found) === "merge"
          ? mergeLists(live, changes, mergeKey, (a, b) => mergeMaps(a, b, items))
          : { list: changes, live };
    }
    setValue(original, field, applyElementOrder(merged, order, changes, mergeKey));
    delete patch[field];
  }
}

const shortName = (schema: ObjectSchema) => schema.name?.slice(schema.name.lastIndexOf(".") + 1) ?? "";

function lookUp(schema: Schema, key: string): Field {
  if (schema.type === "any") throw unknownField("RawExtension", key);
  if (schema.type !== "object") throw notStructured(schema.type === "list" ? "slice" : schema.type);
  const field = schema.fields.get(key);
  if (!field) throw unknownField(shortName(schema), key);
  return field;
}

const mainStrategy = (field: Field): "merge" | "replace" | undefined =>
  field.patchStrategy.find((strategy) => strategy !== "retainKeys") as "merge" | "replace" | undefined;

const itemsOf = (schema: Schema): Schema => (schema.type === "list" ? schema.items : schema);
