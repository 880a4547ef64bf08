import { int64, parseJson } from "../int64.ts";
import { setValue } from "../json.ts";
import { canonicalQuantity } from "../quantity/index.ts";
import type { ObjectSchema, Scalar, Schema } from "../schema/model.ts";
import { goTypeOf, innerGoType, rootGoType, structName } from "./go-type.ts";
import { parseGoTime } from "./go-time.ts";
import { goQuote } from "./json-syntax.ts";
import { JsonCursor, type Token } from "./json-cursor.ts";
import { checkBase64, plainScalar } from "./scalars.ts";

/** The text is valid JSON but cannot become the type: the message is that of Go's decoder. */
export class DecodeFailure extends Error {}

export interface ExactResult {
  readonly value: unknown;
  /** Unknown and duplicate fields in the order found, each once, at most 100. */
  readonly strictErrors: readonly string[];
}

/**
 * Decodes valid JSON as upstream's decoder does (sigs.k8s.io/json), with its errors: by the text, so that
 * duplicates are seen and numbers are as they were written. Slower than JSON.parse, so only what JSON.parse and
 * {@link conform} cannot decide comes here.
 *
 * @throws DecodeFailure
 */
export function decodeExactly(text: string, schema: Schema): ExactResult {
  return new ExactDecoder(text).run(schema);
}

const MAX_STRICT_ERRORS = 100;
/** Upstream writes it as null. */
const ZERO_TIME = "0001-01-01T00:00:00Z";

class ExactDecoder {
  readonly #cursor: JsonCursor;
  readonly #strictErrors = new Set<string>();
  /** The first mismatch: decoding goes on after it, for a later one may be fatal and then is reported instead. */
  #savedError: string | undefined;
  /** Names of the fields around the value, without indexes and keys of maps. */
  #fields: readonly string[] = [];
  #struct: string | undefined;

  constructor(text: string) {
    this.#cursor = new JsonCursor(text);
  }

  run(schema: Schema): ExactResult {
    const value = this.#value(schema, rootGoType(schema), "");
    if (this.#savedError !== undefined) throw new DecodeFailure(this.#savedError);
    return { value, strictErrors: [...this.#strictErrors] };
  }

  /** Undefined for null and for what does not fit. */
  #value(schema: Schema, goType: string, path: string): unknown {
    const token = this.#cursor.peek();
    switch (schema.type) {
      case "any":
        return this.#anything();
      case "scalar":
        return this.#scalar(token, schema.scalar, goType);
      case "list":
        if (token.type === "array") return this.#list(schema.items, innerGoType(goType, schema.items), path);
        return this.#mismatch(token, goType);
      case "map":
        if (token.type === "object") return this.#map(schema.values, innerGoType(goType, schema.values), path);
        return this.#mismatch(token, goType);
      case "object":
        if (token.type === "object") return this.#object(schema, path);
        return this.#mismatch(token, goType);
    }
  }

  #object(schema: ObjectSchema, path: string): unknown {
    const result: Record<string, unknown> = {};
    const seen = new Set<string>();
    const [outerFields, outerStruct] = [this.#fields, this.#struct];
    for (const key of this.#cursor.members()) {
      const field = schema.fields.get(key);
      if (!field && !schema.preserveUnknown) {
        this.#strict("unknown", path, key);
        this.#cursor.skip();
        continue;
      }
      if (seen.has(key)) this.#strict("duplicate", path, key);
      seen.add(key);
      if (!field) {
        setValue(result, key, this.#free(join(path, key)));
        continue;
      }
      this.#fields = field.goEmbedded ? [...outerFields, field.goEmbedded, key] : [...outerFields, key];
      this.#struct = structName(schema.name);
      const value = this.#value(field.schema, goTypeOf(field), join(path, key));
      // A later null leaves what an earlier duplicate has set to primitives, and removes the rest: so do we.
      if (value === undefined || (value === null && field.schema.type === "any")) delete result[key];
      else setValue(result, key, value);
      this.#fields = outerFields;
      this.#struct = outerStruct;
    }
    return result;
  }

  #map(values: Schema, goType: string, path: string): unknown {
    const result: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const key of this.#cursor.members()) {
      if (seen.has(key)) this.#strict("duplicate", path, key);
      seen.add(key);
      setValue(result, key, this.#value(values, goType, join(path, key)) ?? zeroOf(values));
    }
    return result;
  }

  #list(items: Schema, goType: string, path: string): unknown {
    const result: unknown[] = [];
    for (const index of this.#cursor.elements()) {
      result.push(this.#value(items, goType, `${path}[${index}]`) ?? zeroOf(items));
    }
    return result;
  }

  /** What no schema describes: all of it is kept, but no field may be there twice. */
  #free(path: string): unknown {
    const { type } = this.#cursor.peek();
    if (type === "array") {
      const list: unknown[] = [];
      for (const index of this.#cursor.elements()) list.push(this.#free(`${path}[${index}]`));
      return list;
    }
    if (type !== "object") return this.#anything();
    const object: Record<string, unknown> = {};
    for (const key of this.#cursor.members()) {
      if (Object.hasOwn(object, key)) this.#strict("duplicate", path, key);
      setValue(object, key, this.#free(join(path, key)));
    }
    return object;
  }

  /** Kept as it is written, unlooked at (RawExtension). */
  #anything(): unknown {
    const value = wellFormed(parseJson(this.#cursor.skip()));
    if (isFinite(value)) return value;
    throw new DecodeFailure(this.#typeError("number", "float64"));
  }

  #mismatch(token: Token, goType: string): undefined {
    this.#cursor.skip();
    if (token.type !== "null") this.#save(this.#typeError(token.type, goType));
    return undefined;
  }

  #scalar(token: Token, scalar: Scalar, goType: string): unknown {
    const source = this.#cursor.skip();
    if (token.type === "null") return undefined;
    const text = token.type === "string" ? (JSON.parse(source) as string).toWellFormed() : "";
    switch (scalar) {
      case "string":
        return token.type === "string" ? text : this.#saveType(token.type, goType);
      case "boolean":
        return token.type === "bool" ? source === "true" : this.#saveType(token.type, goType);
      case "int32":
      case "int64":
        return this.#integer(token, source, scalar === "int32" ? 32 : 64, goType, false);
      case "number":
        if (token.type !== "number") return this.#saveType(token.type, goType);
        return Number.isFinite(Number(source)) ? Number(source) : this.#saveType(`number ${source}`, goType);
      case "int-or-string":
        return token.type === "string" ? text : this.#integer(token, source, 32, "int32", true);
      case "quantity":
        return this.#quantity(source);
      case "bytes":
        return token.type === "string" ? this.#bytes(text) : this.#saveType(token.type, goType);
      case "time":
      case "micro-time":
      case "duration":
        if (token.type !== "string") throw new DecodeFailure(this.#typeError(token.type, "string"));
        return this.#timely(text, scalar);
    }
  }

  #integer(token: Token, source: string, bits: 32 | 64, goType: string, fatal: boolean): unknown {
    if (token.type === "number" && /^-?\d{1,20}$/.test(source)) {
      const value = BigInt(source);
      if (BigInt.asIntN(bits, value) === value) return int64(value);
    }
    const error = this.#typeError(token.type === "number" ? `number ${source}` : token.type, goType);
    if (fatal) throw new DecodeFailure(error);
    this.#save(error);
    return undefined;
  }

  /** Reads what stands between the quotes as it is written, as upstream does. */
  #quantity(source: string): string {
    const text = source.startsWith('"') ? source.slice(1, -1) : source;
    try {
      return canonicalQuantity(text);
    } catch (error) {
      throw new DecodeFailure((error as Error).message);
    }
  }

  #bytes(text: string): unknown {
    const checked = checkBase64(text);
    if ("text" in checked) return checked.text;
    this.#save(checked.error);
    return undefined;
  }

  #timely(text: string, scalar: "time" | "micro-time" | "duration"): unknown {
    if (scalar === "duration") {
      const value = plainScalar(text, scalar);
      if (value === undefined) throw new DecodeFailure(`time: invalid duration ${goQuote(text)}`);
      return value;
    }
    const parsed = parseGoTime(text, scalar === "micro-time");
    if ("error" in parsed) throw new DecodeFailure(parsed.error);
    return parsed.text === ZERO_TIME ? undefined : parsed.text;
  }

  #saveType(found: string, goType: string): undefined {
    this.#save(this.#typeError(found, goType));
  }

  #save(error: string): void {
    this.#savedError ??= error;
  }

  #typeError(found: string, goType: string): string {
    const where = this.#struct === undefined ? "Go value" : `Go struct field ${this.#struct}.${this.#fields.join(".")}`;
    return `json: cannot unmarshal ${found} into ${where} of type ${goType}`;
  }

  #strict(what: "unknown" | "duplicate", path: string, key: string): void {
    if (this.#strictErrors.size < MAX_STRICT_ERRORS)
      this.#strictErrors.add(`${what} field ${goQuote(join(path, key))}`);
  }
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);

/** What null becomes inside a list or a map, where it cannot be absent. */
export function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case "object":
    case "map":
      return {};
    case "list":
      return [];
    case "any":
      return null;
    case "scalar":
      return (
        { boolean: false, int32: 0, int64: 0, number: 0, "int-or-string": 0, quantity: "0" }[schema.scalar as string] ??
        (schema.scalar.endsWith("time") ? null : "")
      );
  }
}

/** Surrogates without their other half become U+FFFD, as they cannot be written in UTF-8. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}

/** Whether no number in it was too large to be one. */
function isFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isFinite);
}
