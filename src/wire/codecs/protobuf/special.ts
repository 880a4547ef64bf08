import { ProtobufError, Reader } from "./reader.ts";

/** Messages whose JSON is no object of their fields. */
export const SPECIAL: ReadonlyMap<string, (bytes: Uint8Array, message: DecodeInner) => unknown> = new Map<
  string,
  (bytes: Uint8Array, message: DecodeInner) => unknown
>([
  ["k8s.io.apimachinery.pkg.apis.meta.v1.Time", (bytes) => timeOf(bytes, 0)],
  ["k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime", (bytes) => timeOf(bytes, 6)],
  ["k8s.io.apimachinery.pkg.apis.meta.v1.Duration", (bytes) => durationText(fieldsOf(bytes).numbers.get(1) ?? 0n)],
  ["k8s.io.apimachinery.pkg.api.resource.Quantity", (bytes) => textOf(bytes) || "0"],
  ["k8s.io.apimachinery.pkg.util.intstr.IntOrString", intOrString],
  ["k8s.io.apimachinery.pkg.runtime.RawExtension", rawJson],
  ["k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1", rawJson],
  ["k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON", rawJson],
  ["k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", schemaOrBool],
  ["k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", schemaOrList],
  ["k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", schemaOrTexts],
  ["k8s.io.apimachinery.pkg.apis.meta.v1.Verbs", listOfTexts],
  ["k8s.io.api.authentication.v1.ExtraValue", listOfTexts],
  ["k8s.io.api.authorization.v1.ExtraValue", listOfTexts],
  ["k8s.io.api.certificates.v1.ExtraValue", listOfTexts],
]);

/** Decodes a message by its name. */
export type DecodeInner = (name: string, bytes: Uint8Array) => unknown;

const SCHEMA = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
const decoder = new TextDecoder();

interface Raw {
  readonly numbers: ReadonlyMap<number, bigint>;
  readonly parts: ReadonlyMap<number, readonly Uint8Array[]>;
}

function fieldsOf(bytes: Uint8Array): Raw {
  const numbers = new Map<number, bigint>();
  const parts = new Map<number, Uint8Array[]>();
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.tag();
    const number = tag >>> 3;
    if ((tag & 7) === 0) numbers.set(number, reader.varint());
    else if ((tag & 7) === 2) {
      const list = parts.get(number);
      if (list) list.push(reader.bytes());
      else parts.set(number, [reader.bytes()]);
    } else reader.skip(tag & 7);
  }
  return { numbers, parts };
}

const textOf = (bytes: Uint8Array) => decoder.decode(fieldsOf(bytes).parts.get(1)?.[0]);

/** RFC 3339 with so many digits of a second; undefined for the zero time. */
function timeOf(bytes: Uint8Array, digits: number): string | undefined {
  const { numbers } = fieldsOf(bytes);
  const seconds = numbers.get(1);
  if (seconds === undefined) return undefined;
  const date = new Date(Number(BigInt.asIntN(64, seconds)) * 1000);
  const year = date.getUTCFullYear();
  // What RFC 3339 can say.
  if (Number.isNaN(year) || year < 0 || year > 9999) throw new ProtobufError("time out of range");
  const base = date.toISOString().slice(0, 19);
  if (digits === 0) return `${base}Z`;
  const nanos = String(BigInt.asIntN(32, numbers.get(2) ?? 0n)).padStart(9, "0");
  return `${base}.${nanos.slice(0, digits)}Z`;
}

function intOrString(bytes: Uint8Array): unknown {
  const { numbers, parts } = fieldsOf(bytes);
  return (numbers.get(1) ?? 0n) === 0n
    ? Number(BigInt.asIntN(32, numbers.get(2) ?? 0n))
    : decoder.decode(parts.get(3)?.[0]);
}

function rawJson(bytes: Uint8Array): unknown {
  const raw = fieldsOf(bytes).parts.get(1)?.[0];
  if (!raw || raw.length === 0) return undefined;
  try {
    return JSON.parse(decoder.decode(raw)) as unknown;
  } catch {
    throw new ProtobufError("embedded JSON cannot be read");
  }
}

function schemaOrBool(bytes: Uint8Array, decode: DecodeInner): unknown {
  const { numbers, parts } = fieldsOf(bytes);
  const schema = parts.get(2)?.[0];
  return schema ? decode(SCHEMA, schema) : numbers.get(1) === 1n;
}

function schemaOrList(bytes: Uint8Array, decode: DecodeInner): unknown {
  const { parts } = fieldsOf(bytes);
  const list = parts.get(2);
  if (list) return list.map((each) => decode(SCHEMA, each));
  const one = parts.get(1)?.[0];
  return one && decode(SCHEMA, one);
}

function schemaOrTexts(bytes: Uint8Array, decode: DecodeInner): unknown {
  const { parts } = fieldsOf(bytes);
  const one = parts.get(1)?.[0];
  return one ? decode(SCHEMA, one) : (parts.get(2) ?? []).map((each) => decoder.decode(each));
}

function listOfTexts(bytes: Uint8Array): unknown {
  return (fieldsOf(bytes).parts.get(1) ?? []).map((each) => decoder.decode(each));
}

/** A duration in nanoseconds as Go prints it: `1h0m0s`, `1.5s`, `300ms`. */
export function durationText(value: bigint): string {
  const nanos = BigInt.asIntN(64, value);
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1_000_000_000n) {
    const [unit, per] = size < 1_000n ? ["ns", 1n] : size < 1_000_000n ? ["µs", 1_000n] : ["ms", 1_000_000n];
    return `${sign}${decimal(size, per as bigint)}${unit as string}`;
  }
  const seconds = size / 1_000_000_000n;
  const hours = seconds / 3600n;
  const minutes = (seconds / 60n) % 60n;
  const rest = `${decimal(size % 60_000_000_000n, 1_000_000_000n)}s`;
  return `${sign}${hours > 0n ? `${hours}h` : ""}${hours > 0n || minutes > 0n ? `${minutes}m` : ""}${rest}`;
}

function decimal(value: bigint, per: bigint): string {
  const fraction = String(value % per)
    .padStart(String(per).length - 1, "0")
    .replace(/0+$/, "");
  return fraction && per > 1n ? `${value / per}.${fraction}` : String(value / per);
}
