import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../options.ts";

/**
 * Replaces a file as a whole: after a crash or a loss of power there is the old text or the new one, never half of it.
 * The file is readable by its owner only.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

/** The text of a file; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** A note that Knarr keeps in a data directory, as JSON. */
export interface DataFile<T> {
  /**
   * What was written last; undefined when nothing was.
   *
   * @throws StartError when the file does not hold what Knarr writes there: it was damaged, or edited by hand.
   */
  read(dataDir: string): T | undefined;
  write(dataDir: string, value: T): Promise<void>;
  remove(dataDir: string): Promise<void>;
}

/**
 * `expected`: what the file holds, in the words of the error; `isValid`: whether a value read from JSON is that;
 * `without`: what it means to remove the damaged file, for the user who reads the error.
 */
export function dataFile<T>(
  name: string,
  {
    expected,
    isValid,
    without,
  }: {
    readonly expected: string;
    readonly isValid: (value: unknown) => boolean;
    readonly without: string;
  },
): DataFile<T> {
  const damaged = (path: string, why: string) =>
    new StartError(`${path} is damaged: ${why}. Put it right, or remove it: ${without}`);
  return {
    read(dataDir) {
      const path = join(dataDir, name);
      const text = readIfThere(path);
      if (text === undefined) return undefined;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        // The message may quote the file, and with it what a terminal would obey.
        throw damaged(path, (error as Error).message.replace(/\p{Cc}/gu, "?"));
      }
      if (!isValid(value)) throw damaged(path, `expected ${expected}`);
      return value as T;
    },
    write: (dataDir, value) => replaceFile(join(dataDir, name), `${JSON.stringify(value, undefined, 2)}\n`),
    remove: (dataDir) => rm(join(dataDir, name), { force: true }),
  };
}

/** Whether the value is an object that has a text under each of these names. */
export function hasTexts(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === "string");
}
