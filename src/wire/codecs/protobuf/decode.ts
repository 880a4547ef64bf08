import { ProtobufError, Reader } from "./reader.ts";
import { SPECIAL } from "./special.ts";
import type { MessageField, MessageTable, ScalarType } from "./table.ts";

/** What every Kubernetes message begins with. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
/** Messages may be nested so deeply. */
const MAX_DEPTH = 500;

/** An object on the wire, before it is read (apimachinery runtime.Unknown). */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Takes the envelope off. Throws {@link ProtobufError}. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < 4 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  let type = new Uint8Array(0);
  let raw = new Uint8Array(0);
  const reader = new Reader(bytes.subarray(4));
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | 2)) type = reader.bytes() as Uint8Array<ArrayBuffer>;
    else if (tag === ((2 << 3) | 2)) raw = reader.bytes() as Uint8Array<ArrayBuffer>;
    else reader.skip(tag & 7);
  }
  let apiVersion = "";
  let kind = "";
  const typeReader = new Reader(type);
  while (!typeReader.done) {
    const tag = typeReader.tag();
    if (tag === ((1 << 3) | 2)) apiVersion = typeReader.text();
    else if (tag === ((2 << 3) | 2)) kind = typeReader.text();
    else typeReader.skip(tag & 7);
  }
  return { apiVersion, kind, raw };
}

/** A message as JSON has it. Fields of unknown numbers are left out. Throws {@link ProtobufError}. */
export function decodeMessage(table: MessageTable, name: string, bytes: Uint8Array, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new ProtobufError("too deeply nested");
  const inner = (of: string, part: Uint8Array) => decodeMessage(table, of, part, depth + 1);
  const special = SPECIAL.get(name);
  if (special) return special(bytes, inner);
  const fields = table.message(name);
  const result: Record<string, unknown> = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.tag();
    const field = fields.get(tag >>> 3);
    if (field) readField(reader, tag & 7, field, result, inner);
    else reader.skip(tag & 7);
  }
  return result;
}

type Inner = (name: string, bytes: Uint8Array) => unknown;

function readField(
  reader: Reader,
  wireType: number,
  field: MessageField,
  result: Record<string, unknown>,
  inner: Inner,
): void {
  if (field.form === "map") {
    const map = (result[field.json] ??= {}) as Record<string, unknown>;
    const [key, value] = readEntry(expectBytes(reader, wireType), field, inner);
    setOwn(map, key, value);
    return;
  }
  if (field.form === "list") {
    const list = (result[field.json] ??= []) as unknown[];
    if (wireType === 2 && isPackable(field.type)) {
      const packed = new Reader(reader.bytes());
      while (!packed.done) list.push(readScalar(packed, field.type === "double" ? 1 : 0, field.type as ScalarType));
    } else list.push(readValue(reader, wireType, field.type, inner));
    return;
  }
  const value = readValue(reader, wireType, field.type, inner);
  if (value === undefined) return;
  if (field.json === "") Object.assign(result, value);
  else if (!field.omitEmpty || !isZero(value)) result[field.json] = value;
  // The last of several counts: a zero takes back what was sent before it.
  else delete result[field.json];
}

function readEntry(bytes: Uint8Array, field: MessageField, inner: Inner): [string, unknown] {
  let key = "";
  let value: unknown;
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.tag();
    if (tag >>> 3 === 1) key = String(readScalar(reader, tag & 7, "string"));
    else if (tag >>> 3 === 2) value = readValue(reader, tag & 7, field.type, inner);
    else reader.skip(tag & 7);
  }
  return [key, value ?? (typeof field.type === "object" ? inner(field.type.message, new Uint8Array(0)) : "")];
}

function readValue(reader: Reader, wireType: number, type: MessageField["type"], inner: Inner): unknown {
  return typeof type === "object"
    ? inner(type.message, expectBytes(reader, wireType))
    : readScalar(reader, wireType, type);
}

function readScalar(reader: Reader, wireType: number, type: ScalarType): unknown {
  const expected = type === "string" || type === "bytes" ? 2 : type === "double" ? 1 : 0;
  if (wireType !== expected) throw new ProtobufError(`proto: wrong wireType = ${wireType}`);
  switch (type) {
    case "string":
      return reader.text();
    case "bytes":
      return base64(reader.bytes());
    case "bool":
      return reader.varint() !== 0n;
    case "int32":
      return Number(BigInt.asIntN(32, reader.varint()));
    case "int64":
      return int64(BigInt.asIntN(64, reader.varint()));
    case "double":
      return reader.double();
  }
}

function expectBytes(reader: Reader, wireType: number): Uint8Array {
  if (wireType !== 2) throw new ProtobufError(`proto: wrong wireType = ${wireType}`);
  return reader.bytes();
}

const isPackable = (type: MessageField["type"]) => typeof type === "string" && type !== "string" && type !== "bytes";

/** A number where that is exact, beyond 2^53 a bigint. */
function int64(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const isZero = (value: unknown) => value === "" || value === 0 || value === false;

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else target[key] = value;
}
