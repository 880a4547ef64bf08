import type { ResponseBody } from "#http";
import { notAcceptable, type KubeObject, type Status } from "#objects";
import { asStored, inVersion, type ResolvedResource, type StoredObject } from "#registry";
import { typeInCode } from "../target.ts";
import type { Form } from "../http/accept.ts";
import { partialOf, partialParts } from "./partial.ts";
import { rowOf, tableHead, tableMetadataOf, tableShapeOf, valueTableShape, type IncludeObject } from "./table.ts";
import { concat, NEWLINE, shownObject } from "./text.ts";
import { encodeValue } from "./value.ts";

/** One stored object in the form that was chosen. */
export function objectBody(
  target: ResolvedResource,
  stored: StoredObject,
  form: Form,
  includeObject: IncludeObject,
  now: number,
): ResponseBody {
  const { as } = form;
  const plain = form.mediaType === "application/json" && !form.pretty;
  if (!as) {
    const shown = inVersion(target, stored);
    return { type: "bytes", bytes: plain ? shown.line : encodeValue(shownObject(shown), form) };
  }
  if (as.kind === "PartialObjectMetadataList") {
    throw notAcceptable(
      `you requested PartialObjectMetadataList, but the requested object is not a list (*${typeInCode(target)})`,
    );
  }
  if (as.kind === "Table") {
    const shape = tableShapeOf(target);
    const head = tableHead(shape, as.version, tableMetadataOf(stored.object));
    const rows = [rowOf(shape, target, stored, { includeObject, version: as.version, now })];
    return { type: "bytes", bytes: encodeValue({ ...head, rows }, form) };
  }
  const bytes = plain
    ? concat(...partialParts(stored, as.version), NEWLINE)
    : encodeValue(partialOf(stored.object, as.version), form);
  return { type: "bytes", bytes };
}

/** A value that is not stored: a Status stays itself whatever was asked for. */
export function valueBody(value: object, form: Form, includeObject: IncludeObject, now: number): ResponseBody {
  const { as } = form;
  if (!as || (value as Status).kind === "Status") return { type: "bytes", bytes: encodeValue(value, form) };
  const object = value as KubeObject;
  if (as.kind !== "Table") return { type: "bytes", bytes: encodeValue(partialOf(object, as.version), form) };
  const head = tableHead(valueTableShape, as.version, tableMetadataOf(object));
  const rows = [rowOf(valueTableShape, undefined, asStored(object), { includeObject, version: as.version, now })];
  return { type: "bytes", bytes: encodeValue({ ...head, rows }, form) };
}
