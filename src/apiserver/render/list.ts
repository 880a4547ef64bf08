import type { ResponseBody } from "#http";
import { notAcceptable } from "#objects";
import { inVersion, showsStored, type ListResult, type ResolvedResource, type StoredObject } from "#registry";
import type { Form } from "../http/accept.ts";
import { isBuiltIn, namingOf, typeInCode } from "../target.ts";
import { partialOf, partialParts } from "./partial.ts";
import { rowOf, rowParts, tableHead, tableShapeOf, type IncludeObject, type TableOptions } from "./table.ts";
import { utf8, shownObject } from "./text.ts";
import { encodeValue, jsonItems, yamlItems } from "./value.ts";

/** A list in the form that was chosen. JSON is the items' own bytes, joined or indented as the client takes them. */
export function listBody(
  target: ResolvedResource,
  list: ListResult,
  form: Form,
  includeObject: IncludeObject,
  now: number,
): ResponseBody {
  const metadata = listMetadata(list);
  const { as } = form;
  const { apiVersion, listKind } = namingOf(target);
  switch (as?.kind) {
    case "Table":
      return tableBody(target, list, form, { includeObject, version: as.version, now });
    case "PartialObjectMetadata":
      throw notAcceptable(
        `you requested PartialObjectMetadata, but the requested object is a list (*${typeInCode(target, listKind)})`,
      );
    case "PartialObjectMetadataList": {
      const { version } = as;
      const head = { kind: as.kind, apiVersion: `meta.k8s.io/${version}`, metadata };
      // A list that Go never appended to.
      if (list.items.length === 0) return { type: "bytes", bytes: encodeValue({ ...head, items: null }, form) };
      return itemsBody(head, "items", list.items, form, {
        json: (item) => partialParts(item, version),
        value: (item) => partialOf(item.object, version),
      });
    }
    default: {
      const head = { kind: listKind, apiVersion, metadata };
      const own = ownForm(target, list.items);
      if (form.pretty || form.mediaType === "application/yaml") return itemsBody(head, "items", list.items, form, own);
      return { type: "pieces", pieces: joinedItems(head, list.items, own) };
    }
  }
}

const COMMA = utf8(",");
const COMMA_BRACE = utf8(",{");
const BRACE = utf8("{");
const CLOSE = utf8("]}\n");

/** The way of nearly all lists, without anything that is made for each item but the view of its bytes. */
function* joinedItems(head: object, items: readonly StoredObject[], { prefix, bytes }: OwnForm): Generator<Uint8Array> {
  yield utf8(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  for (let i = 0; i < items.length; i++) {
    const whole = bytes(items[i]!);
    if (prefix && startsWith(whole, prefix)) {
      yield i > 0 ? COMMA_BRACE : BRACE;
      yield whole.subarray(prefix.length);
    } else {
      if (i > 0) yield COMMA;
      yield whole;
    }
  }
  yield CLOSE;
}

/** How the items of a list are written. */
interface ItemForm {
  readonly json: (item: StoredObject) => readonly Uint8Array[];
  readonly value: (item: StoredObject) => unknown;
}

function itemsBody(
  head: Readonly<Record<string, unknown>>,
  field: string,
  items: readonly StoredObject[],
  { mediaType, pretty }: Form,
  { json, value }: ItemForm,
): ResponseBody {
  const pieces =
    mediaType === "application/yaml"
      ? yamlItems(head, field, mapped(items, value))
      : jsonItems(head, field, mapped(items, json), pretty);
  return { type: "pieces", pieces };
}

interface OwnForm extends ItemForm {
  readonly bytes: (item: StoredObject) => Uint8Array;
  /** What is cut off of each. */
  readonly prefix: Uint8Array | undefined;
}

/**
 * Items of built-in kinds stand in a list without kind and apiVersion, as upstream's do: they are cut off where
 * every object's bytes have them in front.
 */
function ownForm(target: ResolvedResource, items: readonly StoredObject[]): OwnForm {
  const { apiVersion } = namingOf(target);
  const { kind } = target.resource.definition;
  const isStored = showsStored(target);
  const converted = (item: StoredObject) => (isStored ? item : inVersion(target, item));
  const bytes = (item: StoredObject) => converted(item).bytes;
  const first = items[0];
  const prefix = first && isBuiltIn(target) ? typePrefix(bytes(first), apiVersion, kind) : undefined;
  if (!prefix) return { bytes, prefix, json: (item) => [bytes(item)], value: (item) => shownObject(converted(item)) };
  return {
    bytes,
    prefix,
    json(item) {
      const whole = bytes(item);
      return startsWith(whole, prefix) ? [BRACE, whole.subarray(prefix.length)] : [whole];
    },
    value(item) {
      const { kind: _kind, apiVersion: _version, ...rest } = shownObject(converted(item));
      return rest;
    },
  };
}

/** `{"kind":…,"apiVersion":…,` in the order that the bytes have it; undefined when they do not begin so. */
function typePrefix(bytes: Uint8Array, apiVersion: string, kind: string): Uint8Array | undefined {
  const k = `"kind":${JSON.stringify(kind)}`;
  const v = `"apiVersion":${JSON.stringify(apiVersion)}`;
  return [utf8(`{${k},${v},`), utf8(`{${v},${k},`)].find((prefix) => startsWith(bytes, prefix));
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

function tableBody(target: ResolvedResource, list: ListResult, form: Form, options: TableOptions): ResponseBody {
  const shape = tableShapeOf(target);
  return itemsBody(tableHead(shape, options.version, listMetadata(list)), "rows", list.items, form, {
    json: (item) => rowParts(shape, target, item, options),
    value: (item) => rowOf(shape, target, item, options),
  });
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
