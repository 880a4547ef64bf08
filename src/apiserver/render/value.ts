import type { Form } from "../http/accept.ts";
import { utf8 } from "./text.ts";

/** Any value in the form that was chosen. JSON for programs ends with a newline, as upstream's, and indented JSON does not. */
export function encodeValue(value: unknown, form: Form): Uint8Array {
  if (form.mediaType === "application/yaml") return utf8(yamlOf(value));
  return utf8(form.pretty ? JSON.stringify(value, null, 2) : `${JSON.stringify(value)}\n`);
}

let yaml: typeof import("./yaml.ts") | undefined;

/** Resolves once the form can be written: YAML is loaded when somebody asks for it. */
export async function prepare(form: Form): Promise<void> {
  if (form.mediaType === "application/yaml") yaml ??= await import("./yaml.ts");
}

/** YAML as Kubernetes writes it: keys sorted, long lines kept. Only after {@link prepare}. */
export function yamlOf(value: unknown): string {
  if (!yaml) throw new Error("YAML is not loaded");
  return yaml.stringify(value, {
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
    version: "1.1",
  });
}

/**
 * An object with a long list in it, a piece for each item: so that neither the whole text is ever held nor the
 * event loop. `head` is everything beside the list.
 */
export function* encodeItems(
  head: Readonly<Record<string, unknown>>,
  field: string,
  items: Iterable<unknown>,
  form: Form,
): Generator<Uint8Array> {
  if (form.mediaType === "application/yaml") {
    const before = Object.fromEntries(Object.entries(head).filter(([key]) => key < field));
    const after = Object.fromEntries(Object.entries(head).filter(([key]) => key >= field));
    yield utf8(yamlOf(before));
    let open = false;
    for (const item of items) {
      const text = yamlOf(item).trimEnd().replaceAll("\n", "\n  ");
      yield utf8(`${open ? "" : `${field}:\n`}- ${text}\n`);
      open = true;
    }
    yield utf8(`${open ? "" : `${field}: []\n`}${Object.keys(after).length > 0 ? yamlOf(after) : ""}`);
    return;
  }
  const indent = form.pretty ? 2 : undefined;
  const start = JSON.stringify(head, null, indent).slice(0, form.pretty ? -2 : -1);
  yield utf8(form.pretty ? `${start},\n  "${field}": [` : `${start},"${field}":[`);
  let separator = form.pretty ? "\n    " : "";
  let any = false;
  for (const item of items) {
    const text = JSON.stringify(item, null, indent);
    yield utf8(separator + (form.pretty ? text.replaceAll("\n", "\n    ") : text));
    separator = form.pretty ? ",\n    " : ",";
    any = true;
  }
  yield utf8(form.pretty ? `${any ? "\n  " : ""}]\n}` : "]}\n");
}
