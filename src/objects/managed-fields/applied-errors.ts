/** Whether an applied configuration fits its schema (structured-merge-diff typed validation). */
import { jsonText } from "../int64.ts";
import { isList, isMap } from "../json.ts";
import type { ListSchema, ScalarSchema, Schema } from "../schema/model.ts";
import { itemElement, printElement } from "./path-element.ts";
import { fieldSchemaOf } from "./values.ts";

/** What is wrong, as upstream prints it; empty when nothing is. */
export function appliedErrors(value: unknown, schema: Schema): string {
  const errors: string[] = [];
  check(value, schema, "", errors);
  if (errors.length <= 1) return errors[0] ?? "";
  return ["errors:", ...errors.map((error) => `  ${error}`)].join("\n");
}

const at = (path: string, message: string) => (path ? `${path}: ${message}` : message);

/** A value as Go's %v prints what it is wrapped in there. */
const shown = (value: unknown): string => `&{${printed(value)}}`;

function printed(value: unknown): string {
  if (isList(value)) return `[${value.map(printed).join(" ")}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).toSorted();
    return `map[${keys.map((key) => `${key}:${printed(value[key])}`).join(" ")}]`;
  }
  if (value === null || value === undefined) return "<nil>";
  return typeof value === "string" ? value : jsonText(value);
}

function check(value: unknown, schema: Schema | undefined, path: string, errors: string[]): void {
  if (schema === undefined || schema.type === "any" || value === null || value === undefined) return;
  switch (schema.type) {
    case "object":
    case "map":
      if (!isMap(value)) {
        errors.push(at(path, `expected map, got ${shown(value)}`));
        return;
      }
      for (const key in value) {
        const part = fieldSchemaOf(schema, key);
        if (part === null) {
          errors.push(at(`${path}.${key}`, "field not declared in schema"));
          return;
        }
        check(value[key], part, `${path}.${key}`, errors);
      }
      return;
    case "list":
      if (isList(value)) checkItems(value, schema, path, errors);
      else errors.push(at(path, `expected list, got ${shown(value)}`));
      return;
    case "scalar":
      checkScalar(value, schema, path, errors);
  }
}

function checkItems(list: readonly unknown[], schema: ListSchema, path: string, errors: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    if (schema.listType === "atomic") {
      check(item, schema.items, `${path}[${i}]`, errors);
      continue;
    }
    const element = itemElement(item, schema);
    if (element === undefined) {
      errors.push(at(path, `element ${i}: ${noElement(item, schema)}`));
      return;
    }
    const place = printElement(element);
    if (seen.has(element)) errors.push(at(path, `duplicate entries for key ${place}`));
    seen.add(element);
    check(item, schema.items, path + place, errors);
  }
}

function noElement(item: unknown, schema: ListSchema): string {
  if (schema.listType === "set") {
    if (isMap(item)) return "associative list without keys has an element that's a map type";
    if (isList(item)) return "not supported: associative list with lists as elements";
    return "associative list without keys has an element that's an explicit null";
  }
  if (item === null || item === undefined) return "associative list with keys may not have a null element";
  if (!isMap(item)) return "associative list with keys may not have non-map elements";
  const keys = schema.mapKeys.map((key) => JSON.stringify(key)).join(" ");
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
}

function checkScalar(value: unknown, schema: ScalarSchema, path: string, errors: string[]): void {
  switch (schema.scalar) {
    case "boolean":
      if (typeof value !== "boolean") errors.push(at(path, `expected boolean, got ${shown(value)}`));
      return;
    case "int32":
    case "int64":
    case "number":
      if (typeof value !== "number" && typeof value !== "bigint")
        errors.push(at(path, `expected numeric (int or float), got ${goType(value)}`));
      return;
    case "string":
    case "bytes":
      if (typeof value !== "string") errors.push(at(path, `expected string, got ${goSyntax(value)}`));
      return;
    case "time":
    case "micro-time":
    case "int-or-string":
    case "quantity":
    case "duration":
      if (typeof value === "object") errors.push(at(path, `expected any scalar, got ${shown(value)}`));
  }
}

function goType(value: unknown): string {
  if (isList(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : "string";
}

/** Go's %#v of what a value is wrapped in there. */
function goSyntax(value: unknown): string {
  const inner = typeof value === "object" ? `${goType(value)}{...}` : jsonText(value);
  return `&value.valueUnstructured{Value:${inner}}`;
}
