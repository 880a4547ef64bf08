import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Document } from "yaml";
import { StartError } from "../options.ts";
import { entriesOf, type Entries } from "./document.ts";

/** The cluster of a data directory, as far as its entries in a kubeconfig are to be told from others'. */
export interface ContextOwner {
  readonly dataDir: string;
  /** The name that was asked for. */
  readonly asked: string | undefined;
  /** The name that its entries had when they were merged last. */
  readonly before: string | undefined;
}

/** Whose entries under a name are. */
export type Holder = "free" | "own" | { readonly entries: Entries };

const authorityOf = (dataDir: string): string | undefined => {
  try {
    return readFileSync(join(dataDir, "pki", "ca.crt"), "utf8");
  } catch {
    return undefined;
  }
};

/**
 * Who holds a name: this cluster, by its authority or its directory; another one; or none, and then entries of a cluster
 * count as none whose directory is gone.
 */
export function holderOf(document: Document, name: string, dataDir: string): Holder {
  const entries = entriesOf(document, name);
  if (entries === undefined) return "free";
  const authority = authorityOf(dataDir);
  if (entries.dataDir === dataDir || (authority !== undefined && entries.authority === authority)) return "own";
  if (entries.dataDir !== undefined && !existsSync(join(entries.dataDir, "pki", "ca.crt"))) return "free";
  return { entries };
}

export interface ChosenContext {
  readonly name: string;
  /** The usual name and who has it, where that is another. */
  readonly instead?: { readonly name: string; readonly of: string };
}

const USUAL = "knarr";

/**
 * The name of a cluster's context: the one asked for, else the one that it had, else `knarr`, else one made from the
 * name of its directory. Entries of others are never overwritten.
 *
 * @throws StartError when the name asked for is another's.
 */
export function chooseContext(document: Document, { dataDir, asked, before }: ContextOwner): ChosenContext {
  const held = (name: string) => {
    const holder = holderOf(document, name, dataDir);
    return typeof holder === "string" ? undefined : holder.entries;
  };
  if (asked !== undefined) {
    const entries = held(asked);
    if (!entries) return { name: asked };
    throw new StartError(
      `context ${JSON.stringify(asked)} belongs to ${holderText(entries)}: choose another --context`,
    );
  }
  if (before !== undefined && !held(before)) return { name: before };
  const usual = held(USUAL);
  if (!usual) return { name: USUAL };
  const instead = { name: USUAL, of: holderText(usual) };
  const ownName = `knarr-${labelOf(dataDir)}`;
  for (let i = 1; ; i++) {
    const name = i === 1 ? ownName : `${ownName}-${i}`;
    if (!held(name)) return { name, instead };
  }
}

const holderText = ({ dataDir }: Entries): string =>
  dataDir === undefined ? "another cluster" : `the cluster in ${dataDir}`;

/** `/tmp/My Cluster/.knarr-b` → `b`; what is left of a name that needs no quotes. */
function labelOf(dataDir: string): string {
  const label = basename(dataDir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-")
    .replace(/^[.-]*(knarr-)?/, "")
    .replace(/[.-]+$/, "");
  return label || "2";
}
