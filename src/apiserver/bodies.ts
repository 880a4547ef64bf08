import {
  applySchemaDefaults,
  badRequest,
  decode,
  DecodeFailure,
  decodeValue,
  invalid,
  invalidObject,
  schemaOf,
  StatusError,
  type AnyDraft,
  type ObjectSchema,
} from "#objects";
import type { Body } from "./operation.ts";

/** What a body is read as. */
export interface Reading {
  readonly apiVersion: string;
  readonly kind: string;
  /** The name of its type: `io.k8s.api.apps.v1.Deployment`. */
  readonly schema: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  readonly warn: (text: string) => void;
}

/** A body as a draft of its type, with the defaults that the schema states. Rejects with 400. */
export async function decodeBody(body: Body, reading: Reading): Promise<AnyDraft> {
  const schema = schemaOf(reading.schema);
  const { value, warnings } = await decode({
    body,
    schema,
    expected: kindOf(reading),
    fieldValidation: reading.fieldValidation,
  });
  warnings.forEach(reading.warn);
  value.metadata ??= {};
  applySchemaDefaults(value, schema);
  return value;
}

/** A body that has no kind, DeleteOptions among them; no defaults. Rejects with 400. */
export async function decodePlain(body: Body, reading: Reading): Promise<AnyDraft> {
  const { value } = await decode({
    body,
    schema: schemaOf(reading.schema),
    expected: kindOf(reading),
    fieldValidation: "Ignore",
  });
  return value;
}

/** A patch as it was sent, and what strict decoding has against it. */
export interface PatchValue {
  readonly value: unknown;
  readonly strictErrors: readonly string[];
}

/** Whatever fields there are. */
const FREE: ObjectSchema = { type: "object", fields: new Map(), required: [], preserveUnknown: true };
/** More than any patch needs; deeper ones could not be walked. */
const MAX_DEPTH = 1000;

/** Reads a JSON patch: a list of operations. Throws 400. */
export function readJsonPatch(body: Body): PatchValue {
  if (body.type === "value") return { value: body.value, strictErrors: [] };
  if (depthOf(body.bytes) > MAX_DEPTH) throw badRequest("invalid JSON patch");
  try {
    return { value: JSON.parse(new TextDecoder().decode(body.bytes)) as unknown, strictErrors: [] };
  } catch {
    throw badRequest("invalid JSON patch");
  }
}

/** Reads a merge patch, a strategic one or an apply configuration: an object in JSON or YAML. Rejects with 400. */
export async function readObjectPatch(body: Body, reading: Reading): Promise<PatchValue> {
  if (body.type === "value") return { value: body.value, strictErrors: [] };
  const isYaml = body.mediaType === "application/yaml";
  if (!isYaml) {
    // What is no JSON object is the patch's own affair to refuse.
    const plain = readJsonPatch(body).value;
    if (typeof plain !== "object" || plain === null || Array.isArray(plain)) return { value: plain, strictErrors: [] };
  }
  try {
    const { value, warnings } = await decode({
      body,
      schema: FREE,
      expected: kindOf(reading),
      fieldValidation: "Warn",
    });
    return { value, strictErrors: warnings };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw badRequest(isYaml ? `error decoding patch: ${error.message}` : "invalid JSON patch");
  }
}

/**
 * A patched object in the form of its type, with the defaults that the schema states. Throws 422 when it does not
 * fit; `shown` is how upstream prints what does not.
 */
export function conformPatched(
  value: unknown,
  strictErrors: readonly string[],
  reading: Reading,
  shown: () => string,
): AnyDraft {
  const schema = schemaOf(reading.schema);
  const refuse = (message: string) => invalidObject("", "", "", [invalid("patch", shown(), message)]);
  const { fieldValidation, warn } = reading;
  let decoded: ReturnType<typeof decodeValue>;
  try {
    decoded = decodeValue(value, schema, fieldValidation);
  } catch (error) {
    throw error instanceof DecodeFailure ? refuse(error.message) : error;
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

function kindOf({ apiVersion, kind }: Reading): { group: string; version: string; kind: string } {
  const slash = apiVersion.indexOf("/");
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), kind };
}

/** How deeply JSON is nested, strings left out. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
