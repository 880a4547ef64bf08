/** JSON Patch (RFC 6902), with the liberties of the library that upstream uses (evanphx/json-patch v4). */
import { jsonText } from "../int64.ts";
import { copyJson, equalJson, isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import { badRequest, entityTooLarge, rejectedRequest } from "../status-error.ts";

/** More operations than this are refused with 413. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;
/** How much copy operations may add, in bytes of JSON (upstream JSONPatchMaxCopyBytes). */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  /** Null when it is missing. */
  readonly value: unknown;
}

const NOTHING: Operation = { op: "unknown", path: undefined, from: undefined, value: null };

/** Why a patch does not apply; clients only learn that it does not. */
class DoesNotApply extends Error {}

const fail = (message: string): never => {
  throw new DoesNotApply(message);
};

const kindOf = (value: unknown): string =>
  value === null ? "null" : isList(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;

function decode(patch: unknown): Operation[] {
  const wrong = (value: unknown, type: string) =>
    badRequest(`error decoding patch: json: cannot unmarshal ${kindOf(value)} into Go ${type}`);
  if (!isList(patch)) throw wrong(patch, "value of type []handlers.jsonPatchOp");
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    throw entityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`,
    );
  }
  return patch.map((entry) => {
    // Go reads null as an operation that says nothing, which then is an unknown one.
    if (entry === null) return NOTHING;
    if (!isMap(entry)) throw wrong(entry, "value of type handlers.jsonPatchOp");
    const text = (field: string): string | undefined => {
      const value = ownValue(entry, field) ?? undefined;
      if (value !== undefined && typeof value !== "string") {
        throw wrong(value, `struct field jsonPatchOp.${field} of type string`);
      }
      return value;
    };
    return {
      op: text("op") ?? "unknown",
      path: text("path"),
      from: text("from"),
      value: ownValue(entry, "value") ?? null,
    };
  });
}

const unescape = (part: string) => (part.includes("~") ? part.replaceAll("~1", "/").replaceAll("~0", "~") : part);

/** Go's strconv.Atoi, for indexes. */
function integer(text: string): number {
  return /^[+-]?[0-9]{1,15}$/.test(text) ? Number(text) : fail(`not a proper array index: ${text}`);
}

/** The position of an existing item; negative ones count from the end. */
function existing(list: readonly unknown[], key: string): number {
  const index = integer(key);
  const position = index < 0 ? index + list.length : index;
  return position >= 0 && position < list.length ? position : fail(`invalid index ${index}`);
}

type Container = JsonMap | unknown[];

/** A value's container and its key there. What stands before the first slash is not looked at. */
function locate(root: unknown, path: string): { readonly container: Container; readonly key: string } {
  const parts = path.split("/");
  if (parts.length < 2) fail(`missing path ${path}`);
  let container = root;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = unescape(parts[i]!);
    container = isList(container)
      ? container[existing(container, part)]
      : isMap(container)
        ? ownValue(container, part)
        : fail(`missing path ${path}`);
  }
  if (!isList(container) && !isMap(container)) return fail(`missing path ${path}`);
  return { container, key: unescape(parts.at(-1)!) };
}

const read = (container: Container, key: string): unknown =>
  isList(container) ? container[existing(container, key)] : (ownValue(container, key) ?? null);

function insert(container: Container, key: string, value: unknown): void {
  if (!isList(container)) setValue(container, key, value);
  else if (key === "-") container.push(value);
  else {
    const index = integer(key);
    const position = index < 0 ? index + container.length + 1 : index;
    if (position < 0 || position > container.length) fail(`invalid index ${index}`);
    container.splice(position, 0, value);
  }
}

function remove(container: Container, key: string): void {
  if (isList(container)) container.splice(existing(container, key), 1);
  else if (Object.hasOwn(container, key)) delete container[key];
  else fail(`nonexistent key ${key}`);
}

const given = (text: string | undefined, what: string): string => text ?? fail(`${what} is missing`);

/**
 * The document after all operations, as a draft that shares nothing with what came in. Throws a StatusError: 400
 * when the patch is malformed, 413 when it is too long, 422 when it does not apply or a test fails (upstream does
 * not say which then).
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = decode(patch);
  let root = copyJson(document);
  let copied = 0;

  const apply = ({ op, path, from, value }: Operation): void => {
    switch (op) {
      case "add": {
        const { container, key } = locate(root, given(path, "path"));
        insert(container, key, copyJson(value));
        return;
      }
      case "remove": {
        const { container, key } = locate(root, given(path, "path"));
        remove(container, key);
        return;
      }
      case "replace": {
        if (given(path, "path") === "") {
          root = isMap(value) || isList(value) ? copyJson(value) : fail("neither object nor array");
          return;
        }
        const { container, key } = locate(root, given(path, "path"));
        // A key that an object lacks is added: upstream only looks for items of lists.
        if (isList(container)) container[existing(container, key)] = copyJson(value);
        else setValue(container, key, copyJson(value));
        return;
      }
      case "move": {
        const source = locate(root, given(from, "from"));
        const moved = read(source.container, source.key);
        remove(source.container, source.key);
        const target = locate(root, given(path, "path"));
        insert(target.container, target.key, moved);
        return;
      }
      case "copy": {
        const source = locate(root, given(from, "from"));
        const original = read(source.container, source.key);
        const target = locate(root, given(path, "path"));
        copied += jsonText(original).length;
        if (copied > MAX_COPIED_BYTES) fail("copies too much");
        insert(target.container, target.key, copyJson(original));
        return;
      }
      case "test": {
        if (given(path, "path") === "") {
          if (!equalJson(root, value)) fail("test failed");
          return;
        }
        const { container, key } = locate(root, given(path, "path"));
        if (!equalJson(read(container, key), value)) fail(`test of ${path} failed`);
        return;
      }
      default:
        fail(`unexpected kind ${op}`);
    }
  };

  try {
    for (const operation of operations) apply(operation);
  } catch (error) {
    throw error instanceof DoesNotApply ? rejectedRequest() : error;
  }
  return root;
}
