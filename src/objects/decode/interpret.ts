/** A group, version and kind as a body says it: each may be empty. */
export interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const GO_STRUCT =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * Which kind a parsed body says it is, before anything else of it is looked at.
 *
 * @throws Error with upstream's text when it says so in a way that cannot be read
 */
export function interpretKind(value: unknown): BodyKind {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value === null) return { group: "", version: "", kind: "" };
    throw new Error(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKindOf(value)} into Go value of type ${GO_STRUCT}`,
    );
  }
  const text = { apiVersion: "", kind: "" };
  for (const name of Object.keys(value)) {
    if (name !== "apiVersion" && name !== "kind") continue;
    const given = (value as Record<string, unknown>)[name];
    if (given === null || given === undefined) continue;
    if (typeof given !== "string") {
      throw new Error(
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKindOf(given)} into Go struct field .${name} of type string`,
      );
    }
    text[name] = given;
  }
  return { ...parseGroupVersion(text.apiVersion), kind: text.kind };
}

function parseGroupVersion(text: string): { readonly group: string; readonly version: string } {
  const parts = text.split("/");
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${text}`);
  const version = parts.pop() ?? "";
  return { group: parts[0] ?? "", version };
}

/** Fills in what a body leaves out (apimachinery serializer/json gvkWithDefaults). */
export function withDefaults(actual: BodyKind, defaults: BodyKind): BodyKind {
  const kind = actual.kind || defaults.kind;
  if (actual.version === "" && (actual.group === "" || actual.group === defaults.group)) {
    return { group: defaults.group, version: defaults.version, kind };
  }
  return { ...actual, kind };
}

function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
