import { giveWayFor } from "#base";
import { jsonText, parseJson } from "../int64.ts";
import { setValue } from "../json.ts";
import { draftOf, type AnyDraft } from "../object.ts";
import { ANY_OBJECT } from "../schema/index.ts";
import type { ObjectSchema, Schema } from "../schema/model.ts";
import { badRequest, entityTooLarge, type StatusError } from "../status-error.ts";
import { conform, UNSURE } from "./conform.ts";
import { DecodeFailure, decodeExactly } from "./exact.ts";
import { interpretKind, withDefaults, type BodyKind } from "./interpret.ts";
import { scanJson } from "./json-scan.ts";
import { jsonSyntaxError } from "./json-syntax.ts";
import { summary } from "./summary.ts";

export { applySchemaDefaults } from "./defaults.ts";
export { DecodeFailure } from "./exact.ts";
export type { BodyKind } from "./interpret.ts";
export { summary as bodySummary } from "./summary.ts";
export { conversionError } from "./unstructured.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface DecodeRequest {
  readonly body:
    | {
        readonly type: "encoded";
        readonly bytes: Uint8Array;
        readonly mediaType: "application/json" | "application/yaml";
      }
    /** Copied, and never changed, unless it is fresh. `size`: bytes that it came in. */
    | { readonly type: "value"; readonly value: object; readonly isFresh?: boolean; readonly size?: number };
  readonly schema: ObjectSchema;
  /** What the path is for. A body that leaves out its apiVersion or kind is taken to be that. */
  readonly expected: BodyKind;
  readonly fieldValidation: FieldValidation;
  /** Errors say only what is wrong, not what the body was taken for: how options of a request are read. */
  readonly bare?: boolean;
  /** How deeply a body may be nested; default {@link MAX_DEPTH}. */
  readonly maxDepth?: number;
}

export interface Decoded {
  /** Fresh: the caller may change it. Its apiVersion and kind are filled in. Defaults are not. */
  readonly value: AnyDraft;
  /** What the body says it is, which the caller compares with what it expected. */
  readonly kind: BodyKind;
  /** For Warning headers, under Warn: `unknown field "spec.foo"`. */
  readonly warnings: readonly string[];
}

/** Upstream stops at 10,000; nothing real comes near, and what is kept has to be walked recursively. */
export const MAX_DEPTH = 1000;

/**
 * Bytes of a YAML body that is not JSON, of which the parser takes about a megabyte a second. Clients convert to
 * JSON, so what is larger than this is rare.
 */
export const MAX_YAML_BYTES = 1 << 20;

/**
 * Decodes a body as upstream's API server does: unknown and repeated fields are refused under Strict, dropped with a
 * warning under Warn and without one under Ignore; nulls are as good as absent; quantities, times and integers are
 * checked and brought into their canonical form.
 *
 * @throws StatusError 400 in upstream's words; 413 for YAML above {@link MAX_YAML_BYTES}
 */
export async function decode(request: DecodeRequest): Promise<Decoded> {
  const { body, schema, fieldValidation, maxDepth = MAX_DEPTH } = request;
  const giveWay = giveWayFor(body.type === "encoded" ? body.bytes.length : (body.size ?? 0));
  const loaded = await load(request, maxDepth);
  if (giveWay) await giveWay();
  let found: BodyKind;
  try {
    found = withDefaults(interpretKind(loaded.value), request.expected);
  } catch (error) {
    throw unrecognized(request, (error as Error).message);
  }
  try {
    const { value, strictErrors } =
      body.type === "value"
        ? decodeValue(body.value, schema, fieldValidation, body.isFresh ? () => body.value : undefined)
        : decodeParsed(loaded, schema, fieldValidation);
    const problems = [...loaded.duplicates, ...strictErrors];
    if (fieldValidation === "Strict" && problems.length > 0) {
      throw new DecodeFailure(`strict decoding error: ${problems.join(", ")}`);
    }
    return {
      value: withKind(value as AnyDraft | undefined, found),
      kind: found,
      warnings: fieldValidation === "Warn" ? problems.flatMap(warningsOf) : [],
    };
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    if (request.bare) throw badRequest(error.message);
    throw badRequest(
      `${found.kind} in version ${JSON.stringify(found.version)} cannot be handled as a ${request.expected.kind}: ${error.message}`,
    );
  }
}

/**
 * Brings a JSON value into the form of its schema; for what does not come as a body (the result of a patch).
 * Under Ignore unknown fields are no strict errors. The value is copied, unless `remake` can make another: then it is
 * changed in place.
 *
 * @throws DecodeFailure with the message of upstream's decoder
 */
export function decodeValue(
  value: unknown,
  schema: ObjectSchema,
  fieldValidation: FieldValidation,
  remake?: () => unknown,
): { readonly value: unknown; readonly strictErrors: readonly string[] } {
  const result = conform(remake ? value : draftOf(value), schema, { dropUnknown: fieldValidation === "Ignore" });
  if (result !== UNSURE) return { value: result.value, strictErrors: [] };
  const exact = tidied(decodeExactly(jsonText(remake ? remake() : value), schema), schema);
  return fieldValidation === "Ignore" ? { value: exact.value, strictErrors: [] } : exact;
}

/**
 * Reads a body that no schema describes, a patch: its value as it is, and its duplicate fields.
 *
 * @throws DecodeFailure with the parser's words, `unexpected end of JSON input` or `yaml: line 1: …`; StatusError 413
 */
export async function decodeFree(
  bytes: Uint8Array,
  mediaType: "application/json" | "application/yaml",
): Promise<{ readonly value: unknown; readonly strictErrors: readonly string[] }> {
  const loaded = await loadBytes(bytes, mediaType, "Warn", MAX_DEPTH);
  const giveWay = giveWayFor(bytes.length);
  if (giveWay) await giveWay();
  if (typeof loaded.value !== "object" || loaded.value === null || Array.isArray(loaded.value)) {
    return { value: loaded.subtle ? parseJson(loaded.text) : loaded.value, strictErrors: [] };
  }
  const { value, strictErrors } = decodeParsed(loaded, ANY_OBJECT, "Warn");
  return { value, strictErrors: [...loaded.duplicates, ...strictErrors].flatMap(warningsOf) };
}

interface Loaded {
  readonly value: unknown;
  readonly text: string;
  /** Found in YAML, where they are gone once it is JSON. */
  readonly duplicates: readonly string[];
  readonly keys: number;
  readonly subtle: boolean;
}

/** As {@link loadBytes}, for a body that has a kind: its kind is named in the error. */
async function load(request: DecodeRequest, maxDepth: number): Promise<Loaded> {
  const { body, fieldValidation } = request;
  if (body.type === "value") return { value: body.value, text: "", duplicates: [], keys: 0, subtle: false };
  try {
    return await loadBytes(body.bytes, body.mediaType, fieldValidation, maxDepth);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    const isYaml = error instanceof YamlSyntax;
    throw unrecognized(
      request,
      isYaml ? error.message : `couldn't get version/kind; json parse error: ${error.message}`,
    );
  }
}

class YamlSyntax extends DecodeFailure {}

/** @throws DecodeFailure with the parser's words */
async function loadBytes(
  bytes: Uint8Array,
  mediaType: "application/json" | "application/yaml",
  fieldValidation: FieldValidation,
  maxDepth: number,
): Promise<Loaded> {
  if (mediaType === "application/json") return parse(bytes, maxDepth);
  const known = parseJsonAsYaml(bytes, maxDepth);
  if (known) return known;
  if (bytes.length > MAX_YAML_BYTES) {
    throw entityTooLarge(`Request entity is too large: limit is ${MAX_YAML_BYTES}`);
  }
  const { yamlToJson, YamlFailure } = await import("./yaml.ts");
  try {
    const { json, duplicates } = yamlToJson(bytes, maxDepth);
    const loaded = parse(new TextEncoder().encode(json), maxDepth);
    if (fieldValidation === "Ignore" || duplicates.length === 0) return loaded;
    return { ...loaded, duplicates: [`yaml: unmarshal errors:\n${duplicates.map((each) => `  ${each}`).join("\n")}`] };
  } catch (error) {
    throw error instanceof YamlFailure ? new YamlSyntax(error.message) : error;
  }
}

/**
 * Most of what is called YAML is JSON: kubectl sends apply configurations so. Undefined where only YAML's own rules
 * can tell: duplicates, numbers that are written in an unusual way, whatever does not parse.
 */
function parseJsonAsYaml(bytes: Uint8Array, maxDepth: number): Loaded | undefined {
  if (bytes[0] !== OPENING_BRACE) return undefined;
  const scan = scanJson(bytes);
  if (scan.subtle || scan.depth > maxDepth) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = JSON.parse(text) as unknown;
    return countKeys(value) === scan.keys ? { value, text, duplicates: [], keys: scan.keys, subtle: false } : undefined;
  } catch {
    return undefined;
  }
}

const OPENING_BRACE = 0x7b;

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countKeys(item), 0);
  let count = 0;
  for (const inner of Object.values(value)) count += 1 + countKeys(inner);
  return count;
}

function parse(bytes: Uint8Array, maxDepth: number): Loaded {
  const scan = scanJson(bytes);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const syntaxError = () => new DecodeFailure(jsonSyntaxError(bytes, maxDepth));
  if (scan.depth > maxDepth) throw syntaxError();
  try {
    return { value: JSON.parse(text) as unknown, text, duplicates: [], keys: scan.keys, subtle: scan.subtle };
  } catch {
    throw syntaxError();
  }
}

function decodeParsed(
  { value, text, keys, subtle }: Loaded,
  schema: Schema,
  fieldValidation: FieldValidation,
): { readonly value: unknown; readonly strictErrors: readonly string[] } {
  if (value === null) return { value: {}, strictErrors: [] };
  const dropUnknown = fieldValidation === "Ignore";
  if (!subtle) {
    const result = conform(value, schema, { dropUnknown });
    if (result !== UNSURE && (dropUnknown || result.keys === keys)) return { value: result.value, strictErrors: [] };
  }
  const exact = tidied(decodeExactly(text, schema), schema);
  return dropUnknown ? { value: exact.value, strictErrors: [] } : exact;
}

/** What the exact decoder leaves has the form of the schema; only empty things are still in it. */
function tidied<T extends { readonly value: unknown }>(decoded: T, schema: Schema): T {
  const result = conform(decoded.value, schema, { dropUnknown: false });
  return result === UNSURE ? decoded : { ...decoded, value: result.value };
}

function withKind(value: AnyDraft | undefined, { group, version, kind }: BodyKind): AnyDraft {
  const result: Record<string, unknown> = { apiVersion: group ? `${group}/${version}` : version, kind };
  for (const [key, inner] of Object.entries(value ?? {})) if (!Object.hasOwn(result, key)) setValue(result, key, inner);
  return result as unknown as AnyDraft;
}

const YAML_ERRORS = "yaml: unmarshal errors:\n";

/** Each of YAML's duplicates is a warning of its own. */
const warningsOf = (problem: string): string[] =>
  problem.startsWith(YAML_ERRORS)
    ? problem
        .slice(YAML_ERRORS.length)
        .split("\n")
        .map((line) => line.trim())
    : [problem];

/** Of a body whose kind could not even be told. */
function unrecognized({ body, expected, bare }: DecodeRequest, message: string): StatusError {
  if (bare) return badRequest(message);
  const bytes = body.type === "encoded" ? body.bytes : new TextEncoder().encode(jsonText(body.value));
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): ${message} (${summary(bytes)})`,
  );
}
