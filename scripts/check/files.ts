// Which files may be in the repository: pure.
import { posix } from "node:path";
import { withExceptions, type Exceptions } from "./exceptions.ts";

/** By how the name ends. Another kind is added here, with what it is for. */
const KINDS: Readonly<Record<string, string>> = {
  ".ts": "source",
  ".mjs": "source that runs before anything is set up",
  ".md": "documents",
  ".tsv": "tables of facts",
  ".json": "settings and tables",
  ".yaml": "manifests in `examples/`",
  ".pl": "programs inside test images",
};
const NAMES = new Set([".gitignore", ".npmrc", "LICENSE", ".ci/run", "bin/knarr"]);

export const MOST_BYTES = 200 * 1024;

/** A file that git tracks, or would with `git add`. */
export interface RepositoryFile {
  readonly path: string;
  readonly bytes: number;
}

export function checkFiles(files: Iterable<RepositoryFile>, large: Exceptions): string[] {
  const odd: string[] = [];
  const tooLarge = new Map<string, string>();
  for (const { path, bytes } of files) {
    const known = NAMES.has(path) || NAMES.has(posix.basename(path)) || Object.hasOwn(KINDS, posix.extname(path));
    if (!known) odd.push(`${path}: files of this kind are not on the list in scripts/check/files.ts`);
    if (bytes > MOST_BYTES) tooLarge.set(path, `${path}: ${bytes} bytes, of at most ${MOST_BYTES}`);
  }
  return [...odd.sort(), ...withExceptions(tooLarge, large)];
}
