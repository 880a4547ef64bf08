import { jsonText } from "#objects";
import type { Form } from "../http/accept.ts";
import { Indenter } from "./indent.ts";
import { utf8 } from "./text.ts";
import { yamlItem, yamlOf } from "./yaml.ts";

/**
 * Any value in the form that was chosen. JSON for programs ends with a newline, as upstream's, and indented JSON
 * does not.
 */
export function encodeValue(value: unknown, form: Form): Uint8Array {
  if (form.mediaType === "application/yaml") return utf8(yamlOf(value));
  return utf8(form.pretty ? jsonText(value, 2) : `${jsonText(value)}\n`);
}

type Head = Readonly<Record<string, unknown>>;

const COMMA = utf8(",");
const CLOSE = utf8("]}\n");

/**
 * JSON of an object with a long list in it, piece by piece: neither the whole text is ever held nor the event loop.
 * `head` is everything beside the list, which comes last; each item is its JSON without spaces, in parts.
 */
export function* jsonItems(
  head: Head,
  field: string,
  items: Iterable<readonly Uint8Array[]>,
  pretty: boolean,
): Generator<Uint8Array> {
  if (pretty) yield* prettyItems(head, field, items);
  else {
    yield utf8(`${JSON.stringify(head).slice(0, -1)},"${field}":[`);
    let any = false;
    for (const parts of items) {
      if (any) yield COMMA;
      for (let i = 0; i < parts.length; i++) yield parts[i]!;
      any = true;
    }
    yield CLOSE;
  }
}

const COMMA_LINE = utf8(",\n    ");
const LINE = utf8("\n    ");
/** How much is indented before it is handed on. */
const ENOUGH = 32 * 1024;

function* prettyItems(head: Head, field: string, items: Iterable<readonly Uint8Array[]>): Generator<Uint8Array> {
  const indenter = new Indenter(2);
  indenter.raw(utf8(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "${field}": [`));
  let any = false;
  for (const parts of items) {
    indenter.raw(any ? COMMA_LINE : LINE);
    for (const part of parts) indenter.add(part);
    if (indenter.length >= ENOUGH) yield indenter.take();
    any = true;
  }
  indenter.raw(utf8(`${any ? "\n  " : ""}]\n}`));
  yield indenter.take();
}

/** The same as YAML, whose keys are sorted; items are values. */
export function* yamlItems(head: Head, field: string, items: Iterable<unknown>): Generator<Uint8Array> {
  const before = Object.fromEntries(Object.entries(head).filter(([key]) => key < field));
  const after = Object.fromEntries(Object.entries(head).filter(([key]) => key >= field));
  yield utf8(yamlOf(before));
  let any = false;
  for (const item of items) {
    yield utf8(`${any ? "" : `${field}:\n`}${yamlItem(item)}`);
    any = true;
  }
  yield utf8(`${any ? "" : `${field}: []\n`}${Object.keys(after).length > 0 ? yamlOf(after) : ""}`);
}
