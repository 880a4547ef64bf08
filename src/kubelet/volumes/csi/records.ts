import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ifThere } from "../linux/errors.ts";

const FILE = "vol_data.json";

/** What is remembered of a volume on disk, by upstream's names. */
export type VolumeRecord = Readonly<Record<string, string>>;

/** Whole or not at all: a process may die at any time. */
export async function writeRecord(directory: string, record: VolumeRecord): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o640 });
  await rename(`${path}.new`, path);
}

/** Undefined: there is none, or none that can be read. */
export async function readRecord(directory: string): Promise<VolumeRecord | undefined> {
  const text = await ifThere(readFile(join(directory, FILE), "utf8"));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as VolumeRecord;
  } catch {
    return undefined;
  }
}

export async function removeRecord(directory: string): Promise<void> {
  await rm(join(directory, FILE), { force: true });
}
