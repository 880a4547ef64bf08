/** One field of a message, as the table has it. */
export interface MessageField {
  readonly number: number;
  /** Its name in JSON; empty for an embedded struct, whose fields stand beside those of the message. */
  readonly json: string;
  readonly form: "one" | "list" | "map";
  readonly type: ScalarType | { readonly message: string };
  /** A scalar that Go sends always and JSON leaves out when it is zero. Any other that is sent is meant, zero or not. */
  readonly omitEmpty: boolean;
}

export type ScalarType = "string" | "int32" | "int64" | "bool" | "bytes" | "double";

/** The fields of a message by number. */
export type Message = ReadonlyMap<number, MessageField>;

const SCALARS: Readonly<Record<string, ScalarType>> = {
  s: "string",
  i: "int32",
  l: "int64",
  b: "bool",
  y: "bytes",
  d: "double",
};

/**
 * The messages of the API, made by scripts/facts-protobuf.ts. Each row of the table is a message's name and its
 * fields, `number:json:type`: the type is a scalar's letter or `&` and a row (a name for a message without one), in
 * front `[` for repeated and `{` for the values of a map. `:o` after it: {@link MessageField.omitEmpty}.
 */
export class MessageTable {
  readonly #rows: readonly string[];
  readonly #positions = new Map<string, number>();
  readonly #read = new Map<string, Message>();

  constructor(rows: readonly string[]) {
    this.#rows = rows;
    rows.forEach((row, position) => this.#positions.set(row.slice(0, nameEnd(row)), position));
  }

  has(name: string): boolean {
    return this.#positions.has(name);
  }

  names(): IterableIterator<string> {
    return this.#positions.keys();
  }

  /** A message without a row has no fields. */
  message(name: string): Message {
    let message = this.#read.get(name);
    if (!message) {
      const position = this.#positions.get(name);
      message = position === undefined ? new Map() : this.#parse(this.#rows[position]!);
      this.#read.set(name, message);
    }
    return message;
  }

  #parse(row: string): Message {
    const fields = new Map<number, MessageField>();
    for (const text of row.slice(nameEnd(row) + 1).split(" ")) {
      const [number = "", json = "", type = "", omitEmpty] = text.split(":");
      const form = type.startsWith("[") ? "list" : type.startsWith("{") ? "map" : "one";
      fields.set(Number(number), {
        number: Number(number),
        json,
        form,
        type: this.#typeOf(form === "one" ? type : type.slice(1)),
        omitEmpty: omitEmpty === "o",
      });
    }
    return fields;
  }

  #typeOf(code: string): MessageField["type"] {
    if (!code.startsWith("&")) return SCALARS[code]!;
    const target = code.slice(1);
    const row = this.#rows[Number(target)];
    return { message: row === undefined ? target : row.slice(0, nameEnd(row)) };
  }
}

const nameEnd = (row: string) => {
  const at = row.indexOf(" ");
  return at < 0 ? row.length : at;
};
