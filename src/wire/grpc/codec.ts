import protobuf from "protobufjs/light.js";

/** How one message is written and read. */
export interface MessageCodec {
  encode(message: object): Buffer;
  /** Throws when the bytes are no such message. */
  decode(bytes: Uint8Array): object;
}

export interface Codec {
  message(name: string): MessageCodec;
  /** What a method takes and gives: the names of two messages. */
  method(name: string): { readonly request: string; readonly response: string };
}

/**
 * A codec over a table of messages, a row each:
 *
 * - `Name field:number:type …`, where a type is a scalar, another message or an enum, `[]type` or `{}type` (a map
 *   by text);
 * - `enum Name VALUE=number …`;
 * - `rpc Service.Method Request Response`.
 *
 * Fields that were not sent have their zero, absent messages are null; enums are the names of their values, and 64-bit
 * numbers are numbers (exact up to 2^53: times in nanoseconds lose their last digits).
 */
export function createCodec(rows: readonly string[]): Codec {
  const root = new protobuf.Root();
  const methods = new Map<string, { readonly request: string; readonly response: string }>();
  for (const row of rows) {
    const [head = "", ...cells] = row.split(" ");
    const [first = "", second = "", third = ""] = cells;
    if (head === "rpc") methods.set(first, { request: second, response: third });
    else if (head === "enum") root.add(enumOf(first, cells.slice(1)));
    else root.add(typeOf(head, cells));
  }
  const known = new Map<string, MessageCodec>();
  return {
    message(name) {
      const found = known.get(name) ?? codecOf(root.lookupType(name));
      known.set(name, found);
      return found;
    },
    method(name) {
      const found = methods.get(name);
      if (!found) throw new Error(`no method ${name} in the table`);
      return found;
    },
  };
}

function codecOf(type: protobuf.Type): MessageCodec {
  const form = { longs: Number, enums: String, defaults: true, arrays: true, objects: true };
  return {
    encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), form),
  };
}

function enumOf(name: string, cells: readonly string[]): protobuf.Enum {
  const values = cells.map((cell): [string, number] => {
    const [value = "", number = ""] = cell.split("=");
    return [value, Number(number)];
  });
  return new protobuf.Enum(name, Object.fromEntries(values));
}

function typeOf(name: string, cells: readonly string[]): protobuf.Type {
  const type = new protobuf.Type(name);
  for (const cell of cells) {
    const [field = "", number = "", of = ""] = cell.split(":");
    if (of.startsWith("{}")) type.add(new protobuf.MapField(field, Number(number), "string", of.slice(2)));
    else if (of.startsWith("[]")) type.add(new protobuf.Field(field, Number(number), of.slice(2), "repeated"));
    else type.add(new protobuf.Field(field, Number(number), of));
  }
  return type;
}
