import type { Entry } from "#store";

/** What stood at a key from `revision` on; no entry: it was deleted then. */
interface Version {
  readonly revision: number;
  readonly entry: Entry | undefined;
}

const NONE: readonly Version[] = [];

/** All that is remembered of one key, oldest first. */
export interface VersionChain {
  readonly key: string;
  /** Never empty while the chain is in an index. */
  readonly versions: Version[];
}

/** What stands at the key now. */
export function latest(chain: VersionChain): Entry | undefined {
  return chain.versions.at(-1)?.entry;
}

/** What stood at the key at a revision, which must not be compacted. */
export function entryAt(chain: VersionChain, at: number): Entry | undefined {
  const { versions } = chain;
  for (let i = versions.length - 1; i >= 0; i--) {
    const version = versions[i]!;
    if (version.revision <= at) return version.entry;
  }
  return undefined;
}

/** Drops what readers at `at` or later cannot see, and gives it back. */
export function compactChain(chain: VersionChain, at: number): readonly Version[] {
  const { versions } = chain;
  let keep = 0;
  while (keep + 1 < versions.length && versions[keep + 1]!.revision <= at) keep++;
  // A deletion is the same as nothing when nothing is before it.
  if (versions[keep]!.entry === undefined && versions[keep]!.revision <= at) keep++;
  return keep > 0 ? versions.splice(0, keep) : NONE;
}
