import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { decodeMessage } from "./decode.ts";
import rows from "./messages.json" with { type: "json" };
import { durationText } from "./special.ts";
import { MessageTable, type MessageField, type ScalarType } from "./table.ts";

// Go's side of the exchange, for the test only: writes JSON as upstream's clients do. Scalars that are no pointers
// are always there, their zeros included; so are embedded structs.

type Json = Readonly<Record<string, unknown>>;
type Bytes = readonly number[];

const table = new MessageTable(rows);

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}
const numeric = (number: number, value: number | bigint): Bytes => [
  ...varint(BigInt(number << 3)),
  ...varint(BigInt(value)),
];
const part = (number: number, bytes: Iterable<number>): Bytes => {
  const content = [...bytes];
  return [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(content.length)), ...content];
};
const utf8 = (text: unknown) => new TextEncoder().encode(text as string);

const ZERO: Readonly<Record<ScalarType, unknown>> = {
  string: "",
  bytes: "",
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
};

function encodeScalar(number: number, type: ScalarType, value: unknown): Bytes {
  switch (type) {
    case "string":
      return part(number, utf8(value));
    case "bytes":
      return part(number, Buffer.from(value as string, "base64"));
    case "double":
      return [...varint(BigInt((number << 3) | 1)), ...new Uint8Array(Float64Array.of(value as number).buffer)];
    default:
      return numeric(number, BigInt(value as number | boolean));
  }
}

const encodeValue = (number: number, type: MessageField["type"], value: unknown): Bytes =>
  typeof type === "object" ? part(number, encode(type.message, value)) : encodeScalar(number, type, value);

function encodeField({ number, json, form, type, omitEmpty }: MessageField, object: Json): Bytes {
  if (json === "") return encodeValue(number, type, object);
  const value = object[json];
  if (value === undefined) return omitEmpty ? encodeScalar(number, type as ScalarType, ZERO[type as ScalarType]) : [];
  if (form === "list") return (value as unknown[]).flatMap((item) => encodeValue(number, type, item));
  if (form === "one") return encodeValue(number, type, value);
  return Object.entries(value as Json).flatMap(([key, item]) =>
    part(number, [...encodeScalar(1, "string", key), ...encodeValue(2, type, item)]),
  );
}

function encode(name: string, value: unknown): Bytes {
  const special = Object.entries(SPECIAL).find(([suffix]) => name.endsWith(`.${suffix}`));
  if (special) return special[1].encode(value);
  return [...table.message(name).values()].flatMap((field) => encodeField(field, value as Json));
}

const NANOS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  µs: 1_000n,
  ns: 1n,
};
function nanosOf(duration: string): bigint {
  let sum = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of duration.matchAll(/(\d+)(?:\.(\d+))?([a-zµ]+)/g)) {
    sum += (BigInt(whole + fraction) * NANOS[unit]!) / 10n ** BigInt(fraction.length);
  }
  return duration.startsWith("-") ? -sum : sum;
}

const SCHEMA = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
const isMap = (value: unknown) => typeof value === "object" && !Array.isArray(value);
const texts = fc.string({ unit: "grapheme" });
const lists = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });
const dates = fc.date({
  noInvalidDate: true,
  min: new Date("0001-01-01T00:00:01Z"),
  max: new Date("9999-12-31T00:00:00Z"),
});
const secondsOf = (text: string) => BigInt(Math.floor(Date.parse(text) / 1000));
const oneSchema = fc.constant({ type: "string" });

interface Special {
  readonly values: fc.Arbitrary<unknown>;
  readonly encode: (value: unknown) => Bytes;
}
const listOfTexts: Special = {
  values: fc.array(texts, { maxLength: 3 }),
  encode: (value) => (value as string[]).flatMap((text) => part(1, utf8(text))),
};
const raw: Special = {
  values: fc.json().map((text) => JSON.parse(text) as unknown),
  encode: (value) => part(1, utf8(JSON.stringify(value))),
};

/** Messages whose JSON is no object of their fields, by the end of their names. */
const SPECIAL: Readonly<Record<string, Special>> = {
  "meta.v1.Time": {
    values: dates.map((date) => `${date.toISOString().slice(0, 19)}Z`),
    encode: (value) => [...numeric(1, secondsOf(value as string)), ...numeric(2, 0)],
  },
  "meta.v1.MicroTime": {
    values: dates.map((date) => date.toISOString().replace("Z", "000Z")),
    encode: (value) => {
      const text = value as string;
      return [...numeric(1, secondsOf(text)), ...numeric(2, Number(text.slice(20, 26)) * 1000)];
    },
  },
  "meta.v1.Duration": {
    values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(durationText),
    encode: (value) => numeric(1, nanosOf(value as string)),
  },
  "resource.Quantity": { values: fc.constantFrom("0", "100m", "1Gi"), encode: (value) => part(1, utf8(value)) },
  "intstr.IntOrString": {
    values: fc.oneof(fc.integer(), texts),
    encode: (value) =>
      typeof value === "number"
        ? [...numeric(1, 0), ...numeric(2, value), ...part(3, [])]
        : [...numeric(1, 1), ...numeric(2, 0), ...part(3, utf8(value))],
  },
  "runtime.RawExtension": raw,
  "meta.v1.FieldsV1": raw,
  "apiextensions.v1.JSON": raw,
  "v1.JSONSchemaPropsOrBool": {
    values: fc.oneof(fc.boolean(), oneSchema),
    encode: (value) =>
      isMap(value) ? [...numeric(1, 1), ...part(2, encode(SCHEMA, value))] : numeric(1, Number(value)),
  },
  "v1.JSONSchemaPropsOrArray": {
    values: fc.oneof(oneSchema, lists(oneSchema)),
    encode: (value) =>
      isMap(value)
        ? part(1, encode(SCHEMA, value))
        : (value as unknown[]).flatMap((each) => part(2, encode(SCHEMA, each))),
  },
  "v1.JSONSchemaPropsOrStringArray": {
    values: fc.oneof(oneSchema, fc.array(texts)),
    encode: (value) =>
      isMap(value) ? part(1, encode(SCHEMA, value)) : (value as string[]).flatMap((text) => part(2, utf8(text))),
  },
  "meta.v1.Verbs": listOfTexts,
  "v1.ExtraValue": listOfTexts,
};

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  string: fc.oneof(fc.constant(""), texts),
  bytes: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  bool: fc.boolean(),
  int32: fc.oneof(fc.constant(0), fc.integer()),
  int64: fc.oneof(fc.constant(0), fc.maxSafeInteger()),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }),
};

/** Any object of a message: what is nested deeper than this has no messages in it. */
function objects(name: string, depth: number): fc.Arbitrary<unknown> {
  const special = Object.entries(SPECIAL).find(([suffix]) => name.endsWith(`.${suffix}`));
  return special ? special[1].values : fc.record(members(name, depth), { requiredKeys: [], noNullPrototype: true });
}

function members(name: string, depth: number): Record<string, fc.Arbitrary<unknown>> {
  const result: Record<string, fc.Arbitrary<unknown>> = {};
  for (const { json, form, type, omitEmpty } of table.message(name).values()) {
    if (typeof type === "object" && json === "") Object.assign(result, members(type.message, depth));
    else if (typeof type === "string" || depth > 0) {
      const value = typeof type === "object" ? objects(type.message, depth - 1) : SCALARS[type];
      if (form === "list") result[json] = lists(value);
      else if (form === "map") {
        result[json] = fc.dictionary(texts, value, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
      } else result[json] = omitEmpty ? value.filter((each) => each !== ZERO[type as ScalarType]) : value;
    }
  }
  return result;
}

it("every message is read back as the JSON that was written", () => {
  const anyMessage = fc
    .constantFrom(...table.names())
    .chain((name) => objects(name, 2).map((value) => [name, value] as const));
  fc.assert(
    fc.property(anyMessage, ([name, value]) => {
      assert.deepEqual(decodeMessage(table, name, Uint8Array.from(encode(name, value))), value);
    }),
    { numRuns: 1000 },
  );
});

it("deep objects are read back as they were", () => {
  const pods = objects("k8s.io.api.core.v1.Pod", 4);
  fc.assert(
    fc.property(pods, (pod) => {
      const bytes = Uint8Array.from(encode("k8s.io.api.core.v1.Pod", pod));
      assert.deepEqual(decodeMessage(table, "k8s.io.api.core.v1.Pod", bytes), pod);
    }),
    { numRuns: 20 },
  );
});
