import { notAcceptable } from "#objects";
import type { ListResult, ResolvedResource, StoredObject } from "#registry";
import { fromStorage, isStorageVersion } from "../convert.ts";
import type { Form } from "../http/accept.ts";
import type { ResponseBody } from "../http/message.ts";
import { isBuiltIn, namingOf, typeInCode } from "../target.ts";
import { partialBytes, partialOf } from "./partial.ts";
import { rowOf, tableHead, tableShapeOf, type IncludeObject } from "./table.ts";
import { utf8 } from "./text.ts";
import { encodeItems, encodeValue } from "./value.ts";

const COMMA = utf8(",");
const COMMA_BRACE = utf8(",{");
const BRACE = utf8("{");
const CLOSE = utf8("]}\n");
const NOTHING = new Uint8Array(0);

/** A list in the form that was chosen. JSON is the items' own bytes, joined as the client takes them. */
export function listBody(
  target: ResolvedResource,
  list: ListResult,
  form: Form,
  includeObject: IncludeObject,
  now: number,
): ResponseBody {
  const metadata = listMetadata(list);
  const { as } = form;
  if (as?.kind === "Table") return tableBody(target, list, form, includeObject, as.version, now);
  if (as?.kind === "PartialObjectMetadata") {
    const { listKind } = namingOf(target);
    throw notAcceptable(
      `you requested PartialObjectMetadata, but the requested object is a list (*${typeInCode(target, listKind)})`,
    );
  }
  const partial = as?.kind === "PartialObjectMetadataList" ? as.version : undefined;
  const { apiVersion, listKind } = namingOf(target);
  const head = partial
    ? { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${partial}`, metadata }
    : { kind: listKind, apiVersion, metadata };
  if (form.mediaType === "application/yaml" || form.pretty) {
    const shown = (item: StoredObject) =>
      partial ? partialOf(item.object, partial) : fromStorage(target, item).object;
    if (partial && list.items.length === 0)
      return { type: "bytes", bytes: encodeValue({ ...head, items: null }, form) };
    return { type: "pieces", pieces: encodeItems(head, "items", mapped(list.items, shown), form) };
  }
  // A list that Go never appended to.
  if (partial && list.items.length === 0) return { type: "bytes", bytes: encodeValue({ ...head, items: null }, form) };
  const open = utf8(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  if (partial)
    return { type: "pieces", pieces: pieces(open, list.items, (item) => partialBytes(item.object, partial)) };
  return plainItems(target, open, list.items);
}

/**
 * Items of built-in kinds stand in a list without kind and apiVersion, as upstream's do: they are cut off where
 * every object's bytes have them in front.
 */
function plainItems(target: ResolvedResource, open: Uint8Array, items: readonly StoredObject[]): ResponseBody {
  const { apiVersion } = namingOf(target);
  const { kind } = target.resource.definition;
  const convert = isStorageVersion(target)
    ? (item: StoredObject) => item.bytes
    : (item: StoredObject) => fromStorage(target, item).bytes;
  const first = items[0];
  const prefix = first && isBuiltIn(target) ? typePrefix(convert(first), apiVersion, kind) : NOTHING;
  if (prefix.length === 0) return { type: "pieces", pieces: pieces(open, items, convert) };
  return { type: "pieces", pieces: cutPieces(open, items, convert, prefix) };
}

function* pieces(open: Uint8Array, items: readonly StoredObject[], bytesOf: (item: StoredObject) => Uint8Array) {
  yield open;
  for (let i = 0; i < items.length; i++) {
    if (i > 0) yield COMMA;
    yield bytesOf(items[i]!);
  }
  yield CLOSE;
}

function* cutPieces(
  open: Uint8Array,
  items: readonly StoredObject[],
  bytesOf: (item: StoredObject) => Uint8Array,
  prefix: Uint8Array,
) {
  yield open;
  for (let i = 0; i < items.length; i++) {
    const bytes = bytesOf(items[i]!);
    if (startsWith(bytes, prefix)) {
      yield i > 0 ? COMMA_BRACE : BRACE;
      yield bytes.subarray(prefix.length);
    } else {
      if (i > 0) yield COMMA;
      yield bytes;
    }
  }
  yield CLOSE;
}

/** `{"kind":…,"apiVersion":…,` in the order that the bytes have it; empty when they do not begin so. */
function typePrefix(bytes: Uint8Array, apiVersion: string, kind: string): Uint8Array {
  const k = `"kind":${JSON.stringify(kind)}`;
  const v = `"apiVersion":${JSON.stringify(apiVersion)}`;
  return [utf8(`{${k},${v},`), utf8(`{${v},${k},`)].find((prefix) => startsWith(bytes, prefix)) ?? NOTHING;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

function tableBody(
  target: ResolvedResource,
  list: ListResult,
  form: Form,
  includeObject: IncludeObject,
  version: string,
  now: number,
): ResponseBody {
  const shape = tableShapeOf(target);
  const head = tableHead(shape, version, listMetadata(list));
  const options = { includeObject, version, now };
  const row = (item: StoredObject) => rowOf(shape, target, item, options);
  return { type: "pieces", pieces: encodeItems(head, "rows", mapped(list.items, row), form) };
}

function* mapped<T, R>(items: readonly T[], change: (item: T) => R): Generator<R> {
  for (const item of items) yield change(item);
}

function listMetadata(list: ListResult): object {
  return {
    ...(list.resourceVersion ? { resourceVersion: list.resourceVersion } : {}),
    ...(list.continue ? { continue: list.continue } : {}),
    ...(list.remainingItemCount ? { remainingItemCount: list.remainingItemCount } : {}),
  };
}
