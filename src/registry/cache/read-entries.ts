/** Entries of the store as objects, read from the version that each was stored in. */
import { parseJson, plainError, type AnyDraft } from "#objects";
import type { Entry } from "#store";
import { objectKey } from "../keys.ts";
import { Stored, type Encoding } from "./stored.ts";

interface Reader {
  readonly prefix: string;
  readonly encoding: Encoding;
}

/** Whether an entry is of the version that is stored now, in the form that is written now: nearly all are. */
export const isCurrent = ({ encoding }: Reader, entry: Entry): boolean =>
  (entry.attachment instanceof Stored && entry.attachment.isOf(encoding)) || encoding.begins(entry.value);

/** An entry that {@link isCurrent}. */
export const readCurrent = ({ encoding, prefix }: Reader, entry: Entry): Stored =>
  Stored.read(encoding, entry, objectKey(prefix, entry.key));

/**
 * Reads entries; a promise only where some were stored in another version. Rejects with a StatusError (500) when one
 * cannot be read: its version is unknown, or its conversion fails.
 */
export function readEntries(reader: Reader, entries: readonly Entry[]): readonly Stored[] | Promise<readonly Stored[]> {
  if (entries.every((entry) => isCurrent(reader, entry))) return entries.map((entry) => readCurrent(reader, entry));
  return readAll(reader, entries);
}

async function readAll(reader: Reader, entries: readonly Entry[]): Promise<readonly Stored[]> {
  const { encoding, prefix } = reader;
  const others = new Map<string, { readonly entry: Entry; readonly object: AnyDraft }[]>();
  for (const entry of entries) {
    if (isCurrent(reader, entry)) continue;
    const object = parse(entry);
    const apiVersion = object.apiVersion || encoding.apiVersion;
    const same = others.get(apiVersion);
    if (same) same.push({ entry, object });
    else others.set(apiVersion, [{ entry, object }]);
  }
  const read = new Map<Entry, Stored>();
  for (const [apiVersion, found] of others) {
    const objects = await encoding.toStorage(
      apiVersion,
      found.map(({ object }) => object),
    );
    for (const [i, { entry }] of found.entries()) {
      read.set(entry, Stored.converted(encoding, entry, objectKey(prefix, entry.key), objects[i]!));
    }
  }
  return entries.map((entry) => read.get(entry) ?? readCurrent(reader, entry));
}

const decoder = new TextDecoder();

function parse({ key, value }: Entry): AnyDraft {
  try {
    const object = parseJson(decoder.decode(value)) as AnyDraft;
    object.metadata ??= {} as AnyDraft["metadata"];
    return object;
  } catch (error) {
    throw plainError(`unable to decode ${key}: ${(error as Error).message}`);
  }
}
