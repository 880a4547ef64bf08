import type { Json } from "../schemas.ts";
import type { Steps } from "../steps.ts";
import {
  ANY_YAML,
  DOCUMENT,
  ENTRY_NAME,
  ENTRY_VALUE,
  MESSAGES,
  type Field,
  type FieldType,
  type Message,
} from "./messages.ts";
import { BackwardWriter } from "./writer.ts";

/** Writes a value as YAML, with the line break at its end. */
export type YamlWriter = (value: unknown) => string;

/**
 * An OpenAPI v2 document as gnostic's `openapi.v2.Document`: byte for byte what gnostic makes of the same JSON, as
 * far as its YAML is the same. Extensions, defaults and examples are YAML inside of the message.
 */
export function* protobufSteps(document: Json, yaml: YamlWriter): Steps<Uint8Array> {
  const encoder = new Encoder(yaml);
  for (const [key, [number, type, repeated]] of lastFirst(DOCUMENT)) {
    const value = document[key];
    const message = isMessage(type) ? MESSAGES[type] : undefined;
    if (message && "entries" in message && isObject(value)) {
      const before = encoder.writer.length;
      for (const [name, entry] of Object.entries(value).reverse()) {
        encoder.entry(message.entries, message.of, name, entry);
        yield;
      }
      encoder.writer.message(number, before);
    } else encoder.field([number, type, repeated], value);
  }
  return encoder.writer.take();
}

class Encoder {
  readonly writer = new BackwardWriter();
  readonly #yaml: YamlWriter;
  /** Few values of extensions are different ones. */
  readonly #yamlOf = new Map<string, string>();

  constructor(yaml: YamlWriter) {
    this.#yaml = yaml;
  }

  /** A field, unless its value is the one that it has when it is left out. */
  field([number, type, repeated]: Field, value: unknown): void {
    if (value === undefined) return;
    if (repeated) {
      if (Array.isArray(value)) for (const item of value.toReversed() as unknown[]) this.#value(number, type, item);
      return;
    }
    const isZero = value === "" || value === false || value === 0;
    if (!isZero || type === "any" || isMessage(type)) this.#value(number, type, value);
  }

  entry(number: number, type: FieldType, name: string, value: unknown): void {
    if (value === undefined) return;
    const before = this.writer.length;
    this.#value(ENTRY_VALUE, type, value);
    if (name !== "") this.writer.text(ENTRY_NAME, name);
    this.writer.message(number, before);
  }

  /** Values of another type than the document's form has are left out, as are fields that it does not know. */
  #value(number: number, type: FieldType, value: unknown): void {
    const { writer } = this;
    switch (type) {
      case "text":
        if (typeof value === "string") writer.text(number, value);
        return;
      case "bool":
        if (typeof value === "boolean") writer.bool(number, value);
        return;
      case "int64":
        if (Number.isSafeInteger(value)) writer.integer(number, value as number);
        return;
      case "double":
        if (typeof value === "number") writer.double(number, value);
        return;
      case "any": {
        const before = writer.length;
        writer.text(ANY_YAML, this.#asYaml(value));
        writer.message(number, before);
        return;
      }
      default: {
        const before = writer.length;
        this.#message(MESSAGES[type], value);
        writer.message(number, before);
      }
    }
  }

  #message(message: Message, value: unknown): void {
    if ("choose" in message) {
      const [number, type] = message.choose(value);
      this.#value(number, type, value);
    } else if ("values" in message) {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      for (const item of values.toReversed()) this.#value(message.values, message.of, item);
    } else if (isObject(value)) {
      if ("fields" in message) {
        this.#extensions(message.extensions, value);
        for (const [key, field] of lastFirst(message.fields)) this.field(field, value[key]);
        return;
      }
      for (const [name, entry] of Object.entries(value).reverse()) this.entry(message.entries, message.of, name, entry);
    }
  }

  #extensions(number: number | undefined, value: Json): void {
    if (number === undefined) return;
    for (const [name, extension] of Object.entries(value).reverse()) {
      if (isExtension(name)) this.entry(number, "any", name, extension);
    }
  }

  #asYaml(value: unknown): string {
    const key = JSON.stringify(value);
    let text = this.#yamlOf.get(key);
    if (text === undefined) this.#yamlOf.set(key, (text = this.#yaml(value)));
    return text;
  }
}

const isExtension = (name: string) => name.startsWith("x-");

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isMessage = (type: FieldType): type is keyof typeof MESSAGES => Object.hasOwn(MESSAGES, type);

const sorted = new WeakMap<object, readonly (readonly [string, Field])[]>();

/** Fields by their number, the highest first. */
function lastFirst(fields: Readonly<Record<string, Field>>): readonly (readonly [string, Field])[] {
  let rows = sorted.get(fields);
  if (!rows) sorted.set(fields, (rows = Object.entries(fields).toSorted(([, [a]], [, [b]]) => b - a)));
  return rows;
}
