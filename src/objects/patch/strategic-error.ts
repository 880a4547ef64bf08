/** What strategic merge patches answer when they cannot be applied, as upstream answers it. */
import { isList, isMap } from "../json.ts";
import { badRequest, plainError, rejectedRequest } from "../status-error.ts";

/** A value as Go's %v prints it: `map[a:1 b:[x y]]`. */
function printed(value: unknown): string {
  if (isList(value)) return `[${value.map(printed).join(" ")}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).toSorted();
    return `map[${keys.map((key) => `${key}:${printed(value[key])}`).join(" ")}]`;
  }
  return value === null || value === undefined ? "<nil>" : String(value as string | number | boolean);
}

/** As Go's %s prints it, which complains about scalars that are no text: `%!s(int64=1)`. */
function printedAsText(value: unknown): string {
  if (isList(value)) return `[${value.map(printedAsText).join(" ")}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).toSorted();
    return `map[${keys.map((key) => `${key}:${printedAsText(value[key])}`).join(" ")}]`;
  }
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "%!s(<nil>)" : `%!s(${goType(value)}=${printed(value)})`;
}

function goType(value: unknown): string {
  if (isList(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return value === null || value === undefined ? "%!s(<nil>)" : "string";
}

export const noMergeKey = (item: unknown, mergeKey: string) =>
  plainError(`map: ${printed(item)} does not contain declared merge key: ${mergeKey}`);

export const wrongType = (expected: "map" | "list", actual: unknown) =>
  plainError(
    `expected a ${expected === "map" ? "map[string]interface {}" : "[]interface {}"}, but received a ${goType(actual)}`,
  );

export const unknownDirective = (directive: unknown, map: unknown) =>
  plainError(`unknown patch type: ${printedAsText(directive)} in map: ${printed(map)}`);

export const noItemMap = (index: number) => plainError(`value for key ${index} is not a map`);

export const mixedList = (lists: readonly unknown[]) =>
  plainError(`list element types are not identical: ${printed(lists)}`);

export const emptyLists = () => plainError("no elements in any of the given slices");

export const noMergeKeyDeclared = () => plainError("cannot merge lists without merge key for struct");

export const mergeDirectiveInList = () => plainError("merging lists cannot yet be specified in the patch");

export const orderMismatch = (patch: unknown, order: unknown) =>
  plainError(`The order in patch list:\n${printed(patch)}\n doesn't match $setElementOrder list:\n${printed(order)}\n`);

export const notStructured = (type: string) =>
  plainError(`merging an object in json but data type is not struct, instead is: ${type}`);

export const unknownField = (struct: string, field: string) =>
  plainError(`unable to find api field in struct ${struct} for the json field ${JSON.stringify(field)}`);

export const badDocument = () => badRequest("invalid JSON document");
export const badDeletionList = () => badRequest("invalid patch format of primitive list");
export const badRetainKeys = () => badRequest("invalid patch format of retainKeys");
export const badElementOrder = () => badRequest("invalid patch format of setElementOrder list");
export const listOfLists = () => rejectedRequest();
