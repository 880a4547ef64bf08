import type { Form } from "../http/accept.ts";
import { utf8 } from "./text.ts";

/** Any value in the form that was chosen. */
export function encodeValue(value: unknown, form: Form): Uint8Array {
  if (form.mediaType === "application/yaml") return utf8(yamlOf(value));
  return utf8(form.pretty ? JSON.stringify(value, null, 2) : JSON.stringify(value));
}

let yaml: typeof import("yaml") | undefined;

/** Resolves once the form can be written: YAML is loaded when somebody asks for it. */
export async function prepare(form: Form): Promise<void> {
  if (form.mediaType === "application/yaml") yaml ??= await import("yaml");
}

/** YAML as Kubernetes writes it: keys sorted, long lines kept. Only after {@link prepare}. */
export function yamlOf(value: unknown): string {
  if (!yaml) throw new Error("YAML is not loaded");
  return yaml.stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" });
}
