/** A stored object in both of its forms: bytes and frozen object, each made once and only when asked for. */
import {
  parseJson,
  jsonText,
  deepFreeze,
  entriesJson,
  plainError,
  withNulls,
  withoutNulls,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  type Schema,
} from "#objects";
import type { Entry } from "#store";
import type { StoredObject } from "../contract.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What reading objects takes beside their type. */
export interface Reading {
  /** Says which fields are null in JSON, and absent in memory, where they have no value. */
  readonly schema?: () => Schema | undefined;
  /** Converts what was stored in another version; undefined for one that the kind does not have. */
  readonly toStorage?: (
    apiVersion: string,
    objects: readonly AnyDraft[],
  ) => readonly AnyDraft[] | Promise<readonly AnyDraft[]> | undefined;
}

/**
 * How the objects of one kind begin in JSON: `{"apiVersion":"v1","kind":"Pod","metadata":{`. What is written
 * always begins so, which makes the resourceVersion a splice at a known place.
 */
export class Encoding {
  readonly apiVersion: string;
  readonly kind: string;
  /** The start of each stored value, in bytes. */
  readonly head: Uint8Array;
  readonly #head: string;
  readonly #reading: Reading;
  #schema: Schema | undefined;

  constructor(apiVersion: string, kind: string, reading: Reading = {}) {
    this.apiVersion = apiVersion;
    this.kind = kind;
    this.#reading = reading;
    this.#head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`;
    this.head = encoder.encode(this.#head);
  }

  same(other: Encoding): boolean {
    return this.apiVersion === other.apiVersion && this.kind === other.kind;
  }

  /**
   * Objects of another version in the one that is stored. Throws a StatusError (500) for a version that the kind does
   * not have: what it means is not known.
   */
  toStorage(apiVersion: string, objects: readonly AnyDraft[]): readonly AnyDraft[] | Promise<readonly AnyDraft[]> {
    if (apiVersion === this.apiVersion) return objects.map((object) => this.withoutNulls(object));
    const converted = this.#reading.toStorage?.(apiVersion, objects);
    if (!converted) {
      throw plainError(
        `no kind ${JSON.stringify(this.kind)} is registered for version ${JSON.stringify(apiVersion)}, in which it is stored`,
      );
    }
    return converted;
  }

  /** A draft as it is written: type first, then metadata, which carries no resourceVersion. */
  ordered(draft: AnyDraft): AnyDraft {
    const { apiVersion: _version, kind: _kind, metadata, ...rest } = draft;
    return { apiVersion: this.apiVersion, kind: this.kind, metadata: tidyMetadata(metadata), ...rest };
  }

  encode(ordered: AnyDraft): Uint8Array {
    return encoder.encode(this.#text(this.withNulls(ordered)));
  }

  /** An object in memory as its JSON is. */
  withNulls<T>(object: T): T {
    const schema = (this.#schema ??= this.#reading.schema?.());
    return schema ? withNulls(object, schema) : object;
  }

  /** What was read from JSON as it is in memory. */
  withoutNulls<T>(object: T): T {
    const schema = (this.#schema ??= this.#reading.schema?.());
    return schema ? withoutNulls(object, schema) : object;
  }

  /** JSON whose managedFields, half of a small object, are put together from texts that are there already. */
  #text(ordered: AnyDraft): string {
    const { apiVersion: _version, kind: _kind, metadata, ...rest } = ordered;
    const { managedFields, ...own } = metadata;
    if (!managedFields) return jsonText(ordered);
    const body = jsonText(rest);
    const fields = jsonText(own).slice(1, -1);
    return (
      `${this.#head}${fields}${fields && ","}"managedFields":${entriesJson(managedFields)}}` +
      (body === "{}" ? body.slice(1) : `,${body.slice(1)}`)
    );
  }

  /** Whether a stored value begins as this encoding writes it. */
  begins(value: Uint8Array): boolean {
    const { head } = this;
    if (value.length <= head.length) return false;
    for (let i = 0; i < head.length; i++) if (value[i] !== head[i]) return false;
    // The splice needs a field behind it.
    return value[head.length] === 0x22;
  }
}

/** Metadata without what is never stored, and without the empty lists and maps that upstream's encoding omits. */
function tidyMetadata(metadata: AnyDraft["metadata"]): AnyDraft["metadata"] {
  const result: Record<string, unknown> = {};
  const source = metadata as Record<string, unknown>;
  for (const field in source) {
    if (field === "resourceVersion" || field === "selfLink" || field === "managedFields") continue;
    const value = source[field];
    if (value === undefined || value === null || value === "" || isEmpty(value)) continue;
    result[field] = value;
  }
  // Last, as the encoding writes them.
  if (metadata.managedFields && metadata.managedFields.length > 0) result["managedFields"] = metadata.managedFields;
  return result as AnyDraft["metadata"];
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const _ in value) return false;
  return true;
}

const NEWLINE = 0x0a;

/** The memory behind the result goes on with a newline, which answers of one object end with. */
function splice(encoding: Encoding, value: Uint8Array, revision: number): Uint8Array {
  const at = encoding.head.length;
  const insert = `"resourceVersion":"${revision}",`;
  const line = new Uint8Array(value.length + insert.length + 1);
  line.set(value.subarray(0, at));
  for (let i = 0; i < insert.length; i++) line[at + i] = insert.charCodeAt(i);
  line.set(value.subarray(at), at + insert.length);
  line[line.length - 1] = NEWLINE;
  return line.subarray(0, -1);
}

/** Behind the brace that closes the one at `start`. */
function endOfMap(json: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const byte = json[at];
    if (byte === 0x22) {
      for (at++; json[at] !== 0x22 && at < json.length; at++) if (json[at] === 0x5c) at++;
    } else if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth === 0) return at + 1;
  }
  return json.length;
}

/** One object at one revision. It is made from a draft that was written, or from an entry that was read. */
export class Stored implements StoredObject {
  readonly key: ObjectKey;
  /** Its key in the store. */
  readonly storeKey: string;
  /** What the store holds: JSON without the resourceVersion. */
  readonly value: Uint8Array;
  readonly #encoding: Encoding;
  #revision: number;
  #object: KubeObject | undefined;
  #bytes: Uint8Array | undefined;
  /** Where the metadata end in the bytes; 0 before the first use. */
  #metadataEnd = 0;
  /** Whether the object is what the value was converted to, so that the value alone does not say what it is. */
  #isConverted = false;

  private constructor(
    encoding: Encoding,
    storeKey: string,
    key: ObjectKey,
    value: Uint8Array,
    revision: number,
    object: KubeObject | undefined,
  ) {
    this.#encoding = encoding;
    this.storeKey = storeKey;
    this.key = key;
    this.value = value;
    this.#revision = revision;
    this.#object = object;
  }

  /** Before the commit: the revision is not known yet, see {@link settle}. `ordered` is taken over. */
  static written(encoding: Encoding, storeKey: string, key: ObjectKey, ordered: AnyDraft): Stored {
    return new Stored(encoding, storeKey, key, encoding.encode(ordered), 0, ordered as KubeObject);
  }

  /** What was read from another version, or in another form: `object` is converted, and taken over. */
  static converted(encoding: Encoding, entry: Entry, key: ObjectKey, object: AnyDraft): Stored {
    const ordered = finish(encoding.ordered(object) as KubeObject, entry.modRevision);
    const stored = new Stored(encoding, entry.key, key, entry.value, entry.modRevision, ordered);
    stored.#isConverted = true;
    return stored;
  }

  /**
   * What the store gave back, of the version that is stored now; the writer's own form is taken when the store still
   * knows it.
   */
  static read(encoding: Encoding, entry: Entry, key: ObjectKey): Stored {
    const { attachment } = entry;
    if (attachment instanceof Stored && attachment.#encoding === encoding) {
      attachment.settle(entry.modRevision);
      return attachment;
    }
    return new Stored(encoding, entry.key, key, entry.value, entry.modRevision, undefined);
  }

  /** Whether it was written, or read, as this encoding has it. */
  isOf(encoding: Encoding): boolean {
    return this.#encoding === encoding;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Whether the frozen form is there already, so that reading it costs nothing. */
  get parsed(): boolean {
    return this.#object !== undefined;
  }

  get object(): KubeObject {
    this.#object ??= this.#parse();
    return this.#object;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= this.#encoding.begins(this.value)
      ? this.#revision === 0
        ? this.value
        : splice(this.#encoding, this.value, this.#revision)
      : // Written by another version of the kind, or by other software.
        encoder.encode(`${jsonText(this.#encoding.withNulls(this.object))}\n`).subarray(0, -1);
    return this.#bytes;
  }

  get line(): Uint8Array {
    const { bytes } = this;
    const { buffer, byteOffset, length } = bytes;
    // What was made here has a newline behind it; what was only read has not.
    if (bytes !== this.value) return new Uint8Array(buffer, byteOffset, length + 1);
    const line = new Uint8Array(length + 1);
    line.set(bytes);
    line[length] = NEWLINE;
    return line;
  }

  get metadata(): Uint8Array {
    const { bytes } = this;
    if (!this.#encoding.begins(this.value)) return encoder.encode(jsonText(this.object.metadata));
    const start = this.#encoding.head.length - 1;
    // Found once: only the place is kept.
    if (this.#metadataEnd === 0) this.#metadataEnd = endOfMap(bytes, start);
    return bytes.subarray(start, this.#metadataEnd);
  }

  /** The commit gave it a revision: from now on it is frozen. */
  settle(revision: number): void {
    if (this.#revision !== 0) return;
    this.#revision = revision;
    if (this.#object) this.#object = finish(this.#object, revision);
  }

  /** Of a dry run or an answer that is not stored: frozen without a revision (0) or with that of the old object. */
  freeze(revision = 0): this {
    if (revision > 0) this.settle(revision);
    else if (this.#object) deepFreeze(this.#object);
    return this;
  }

  /** The same content at another revision: how a deletion is told. */
  at(revision: number): Stored {
    const { object } = this;
    const copy = new Stored(this.#encoding, this.storeKey, this.key, this.value, revision, {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    } as KubeObject);
    deepFreeze(copy.#object);
    copy.#isConverted = this.#isConverted;
    return copy;
  }

  /**
   * Lets go what is made again from the value when it is asked for: what is no longer the newest is rarely asked for,
   * and parsed it may take ten times the memory of its bytes. It must have its revision.
   */
  shrink(): void {
    this.#bytes = undefined;
    if (!this.#isConverted) this.#object = undefined;
  }

  #parse(): KubeObject {
    const object = parseJson(decoder.decode(this.value)) as KubeObject;
    return finish(this.#encoding.withoutNulls(object), this.#revision);
  }
}

function finish(object: KubeObject, revision: number): KubeObject {
  if (revision > 0) (object as AnyDraft).metadata.resourceVersion = String(revision);
  return deepFreeze(object);
}
