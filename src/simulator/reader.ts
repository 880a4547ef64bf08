import type { Random } from "#base";
import { ADMIN } from "#composition";
import { hasReason, type KubeObject, type ResourceType } from "#objects";
import type { ListOptions } from "#client";
import type { Endpoint } from "./link.ts";
import type { TruthChange } from "./truth.ts";

/** A client that lists through API servers and compares what it got with what was committed. */
export interface ReaderOptions {
  readonly random: Random;
  /** Every change that was committed, in order. */
  readonly log: () => readonly TruthChange[];
  /** The newest revision of the store. */
  readonly revision: () => number;
  readonly onProblem: (problem: string) => void;
}

/** What a list was asked for, and what came. */
export interface ListRecord {
  readonly type: ResourceType;
  readonly server: string;
  readonly asked: Ask;
  /** The newest revision of the store when the request went out. */
  readonly began: number;
  /** The newest revision that this server had shown by then. */
  readonly known: number;
  /** Of the answer, and of each page after the first. */
  readonly revisions: readonly number[];
  /** `default/web-1 r12`, of all pages together. */
  readonly items: readonly string[];
}

/** The newest there is; whatever is at hand; at least a revision; exactly a revision; the newest, page by page. */
export type Ask =
  | { readonly what: "newest" | "any" | "pages" }
  | { readonly what: "at least" | "exactly"; readonly revision: number };

const queryOf = (ask: Ask): ListOptions => {
  switch (ask.what) {
    case "newest":
      return {};
    case "any":
      return { resourceVersion: "0" };
    case "pages":
      return { limit: 2 };
    case "at least":
      return { resourceVersion: String(ask.revision), resourceVersionMatch: "NotOlderThan" };
    case "exactly":
      return { resourceVersion: String(ask.revision), resourceVersionMatch: "Exact" };
  }
};

export class Reader {
  readonly #options: ReaderOptions;
  /** The newest revision that each server has shown, by server process. */
  readonly #shown = new WeakMap<AbortSignal, number>();
  /** How many answers were older than the store when the request went out. */
  stale = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Lists once, in one of the ways that there are. A server may die meanwhile, be too far behind, or have forgotten. */
  async read(type: ResourceType, endpoint: Endpoint): Promise<void> {
    const { log, onProblem } = this.#options;
    try {
      const record = await this.#list(type, endpoint, this.#ask());
      if (endpoint.signal.aborted) return;
      this.#learn(endpoint, record);
      const wrong = listProblem(record, log());
      if (wrong !== undefined) onProblem(wrong);
    } catch (error) {
      if (!hasReason(error, "Timeout", "Expired") && !endpoint.signal.aborted) throw error;
    }
  }

  #learn({ signal }: Endpoint, { asked, began, revisions }: ListRecord): void {
    if (asked.what === "exactly") return;
    const newest = Math.max(...revisions);
    if (newest < began) this.stale++;
    this.#shown.set(signal, Math.max(this.#shown.get(signal) ?? 0, newest));
  }

  #ask(): Ask {
    const { random, revision } = this.#options;
    const whats = ["newest", "any", "pages", "at least", "exactly"] as const;
    const what = whats[random.int(whats.length)]!;
    if (what === "newest" || what === "any" || what === "pages") return { what };
    return { what, revision: 1 + random.int(revision()) };
  }

  async #list(type: ResourceType, endpoint: Endpoint, asked: Ask): Promise<ListRecord> {
    const client = endpoint.client(ADMIN);
    const began = this.#options.revision();
    const known = this.#shown.get(endpoint.signal) ?? 0;
    const query = queryOf(asked);
    const revisions: number[] = [];
    const items: string[] = [];
    let next: string | undefined;
    do {
      const page = await client.list<KubeObject>(type, next ? { limit: 2, continue: next } : query);
      revisions.push(Number(page.resourceVersion));
      items.push(...page.items.map(shown));
      next = page.continue;
    } while (next);
    return { type, server: endpoint.name, asked, began, known, revisions, items };
  }
}

const shown = ({ metadata }: KubeObject) =>
  `${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name} r${metadata.resourceVersion}`;

/**
 * What is wrong with the answer to a list: it must be exactly what stood at the revision that it names, and that must be
 * as new as was asked for, and no older than what the server has shown. Only a list of whatever is at hand may be older
 * than what was committed when it was asked for.
 */
export function listProblem(record: ListRecord, log: readonly TruthChange[]): string | undefined {
  const { type, server, asked, began, known, revisions, items } = record;
  const [revision = 0] = revisions;
  const what = `the list of ${type.resource} at ${server} (${asked.what}${"revision" in asked ? ` ${asked.revision}` : ""})`;
  const other = revisions.find((each) => each !== revision);
  if (other !== undefined) return `${what} has pages of revision ${revision} and of ${other}`;
  const least = "revision" in asked ? asked.revision : asked.what === "any" ? 0 : began;
  if (revision < least) return `${what} is of revision ${revision}, at least ${least} was due`;
  if (asked.what !== "exactly" && revision < known) {
    return `${what} is of revision ${revision}, after the server had shown ${known}`;
  }
  if (asked.what === "exactly" && revision !== asked.revision) return `${what} is of revision ${revision}`;
  const wanted = stoodAt(type, revision, log);
  if (wanted.join() === [...items].sort().join()) return undefined;
  return `${what} at revision ${revision} has [${items.join(", ")}], what stood there was [${wanted.join(", ")}]`;
}

/** The objects of a kind as they were at a revision. */
function stoodAt({ kind }: ResourceType, revision: number, log: readonly TruthChange[]): readonly string[] {
  const objects = new Map<string, KubeObject>();
  for (const change of log) {
    if (change.revision > revision) break;
    if (change.kind !== kind) continue;
    if (change.after) objects.set(change.key, change.after);
    else objects.delete(change.key);
  }
  return [...objects.values()].map(shown).sort();
}
