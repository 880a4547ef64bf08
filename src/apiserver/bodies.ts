import { giveWayFor } from "#base";
import {
  applySchemaDefaults,
  badRequest,
  conversionError,
  decode,
  DecodeFailure,
  decodeFree,
  decodeValue,
  invalid,
  invalidObject,
  type AnyDraft,
  type ObjectSchema,
} from "#objects";
import type { ResolvedResource } from "#registry";
import { kindProblem } from "./checks.ts";
import { sizeOf, type Body } from "./operation.ts";
import { isBuiltIn, namingOf } from "./target.ts";

/** What a body is read as. */
export interface Reading {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: ObjectSchema;
  /** One of upstream's own types, whose texts name what else there is. */
  readonly isBuiltIn?: boolean;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  readonly warn: (text: string) => void;
}

/** How a body is read that is an object of the target. */
export const readingOf = (
  target: ResolvedResource,
  { fieldValidation, warn }: Pick<Reading, "fieldValidation" | "warn">,
): Reading => ({
  ...namingOf(target),
  schema: target.version.schema,
  isBuiltIn: isBuiltIn(target),
  fieldValidation,
  warn,
});

/** A body as a draft of its type, with the defaults that the schema states. Rejects with 400. */
export async function decodeBody(body: Body, reading: Reading): Promise<AnyDraft> {
  const { schema } = reading;
  const { value, warnings } = await decode({
    body,
    schema,
    expected: kindOf(reading),
    fieldValidation: reading.fieldValidation,
  });
  const giveWay = giveWayFor(sizeOf(body));
  if (giveWay) await giveWay();
  warnings.forEach(reading.warn);
  value.metadata ??= {};
  applySchemaDefaults(value, schema);
  return value;
}

/** Options of a request that come as its body; no defaults. Rejects with 400. */
export async function decodePlain(body: Body, reading: Reading): Promise<AnyDraft> {
  const { value } = await decode({
    body,
    schema: reading.schema,
    expected: kindOf(reading),
    bare: true,
    fieldValidation: "Ignore",
  });
  return value;
}

/** A patch as it was sent, and what strict decoding has against it. */
export interface PatchValue {
  readonly value: unknown;
  readonly strictErrors: readonly string[];
}

/** Which of the patches a body is. */
type PatchType = "json" | "merge" | "strategic" | "apply";

/** Reads a patch as it stands. Rejects with 400 when it is no JSON, or no YAML. */
export async function readPatch(body: Body, type: PatchType): Promise<PatchValue> {
  if (body.type === "value") return { value: body.value, strictErrors: [] };
  let read: PatchValue;
  try {
    read = await decodeFree(body.bytes, body.mediaType);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw badRequest(UNREADABLE[type] + error.message);
  }
  const { value } = read;
  if (type === "merge" || (type === "json" && value !== null)) return read;
  // Go reads null as nothing: no operations, no fields.
  if (value === null) return { value: type === "json" ? [] : {}, strictErrors: [] };
  if (typeof value === "object" && !Array.isArray(value)) return read;
  const is = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const unmarshaling = type === "apply" ? "error decoding YAML: error unmarshaling JSON: while decoding JSON: " : "";
  throw badRequest(`${unmarshaling}json: cannot unmarshal ${is} into Go value of type map[string]interface {}`);
}

/** What upstream's readers say before what the parser says. */
const UNREADABLE: Readonly<Record<PatchType, string>> = {
  json: "error decoding patch: ",
  merge: "error decoding patch: ",
  strategic: "",
  apply: "error decoding YAML: error converting YAML to JSON: ",
};

/** How upstream gets from a patched value to an object of its type, which shows when it does not fit. */
export interface Patched {
  /** The patched value, which may be changed. */
  readonly made: unknown;
  /** Makes another one. */
  readonly make: () => unknown;
  /** `text`: the patched JSON is decoded. `map`: what was merged is converted as it is. */
  readonly from: "text" | "map";
  /** How upstream prints what does not fit. */
  readonly shown: (value: unknown) => string;
}

/** A patched object in the form of its type, with the defaults that the schema states. Throws 422 when it does not fit. */
export function conformPatched(
  { made, make, from, shown }: Patched,
  strictErrors: readonly string[],
  reading: Reading,
): AnyDraft {
  const { schema } = reading;
  const refuse = (message: string) => invalidObject("", "", "", [invalid("patch", shown(make()), message)]);
  const { fieldValidation, warn } = reading;
  const other = from === "text" && reading.isBuiltIn ? otherKind(made, reading) : undefined;
  if (other) throw refuse(other);
  let decoded: ReturnType<typeof decodeValue>;
  try {
    decoded = decodeValue(made, schema, fieldValidation, make);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw refuse((from === "map" ? conversionError(make(), schema) : undefined) ?? error.message);
  }
  const problems = [...strictErrors, ...decoded.strictErrors];
  if (problems.length > 0) {
    if (fieldValidation === "Strict") throw refuse(`strict decoding error: ${problems.join(", ")}`);
    if (fieldValidation === "Warn") problems.forEach(warn);
  }
  const draft = decoded.value as AnyDraft;
  draft.metadata ??= {};
  applySchemaDefaults(draft, schema);
  return draft;
}

/** What a patch has made another kind of cannot be read as one of this kind. */
function otherKind(value: unknown, { apiVersion, kind }: Reading): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const [foundVersion, foundKind] = [found.apiVersion ?? "", found.kind ?? ""];
  if (typeof foundVersion !== "string" || typeof foundKind !== "string") return undefined;
  return kindProblem(foundVersion || apiVersion, foundKind || kind, apiVersion, kind);
}

function kindOf({ apiVersion, kind }: Reading): { group: string; version: string; kind: string } {
  const slash = apiVersion.indexOf("/");
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), kind };
}
