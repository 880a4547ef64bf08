import type { Clock } from "#base";
import { named } from "./invariants/invariant.ts";
import type { TruthChange } from "./truth.ts";

/** The lines of a run that are kept: what led to a problem stands in the last of them. */
const KEPT = 400;

/** What happened, as lines that a reader can follow. */
export interface Transcript {
  readonly lines: readonly string[];
  add(line: string): void;
  change(change: TruthChange): void;
}

export function createTranscript(clock: Clock): Transcript {
  const lines: string[] = [];
  let last = "";
  let times = 0;
  const add = (line: string) => {
    const at = `${(clock.monotonic() / 1000).toFixed(3).padStart(9)}s  `;
    if (at + line === last) lines[lines.length - 1] = `${last} (${++times} times)`;
    else {
      times = 1;
      lines.push((last = at + line));
    }
    if (lines.length > KEPT) lines.shift();
  };
  return {
    lines,
    add,
    change(change) {
      const text = describeChange(change);
      if (text !== undefined) add(text);
    },
  };
}

/** Kinds whose every change would drown the rest. */
const QUIET: ReadonlySet<string> = new Set(["Event", "Lease"]);

/** One line for a commit; undefined for what is not worth one. */
export function describeChange({ revision, kind, before, after }: TruthChange): string | undefined {
  const object = after ?? before;
  if (!object || QUIET.has(kind)) return undefined;
  const what = !before ? "created" : !after ? "gone" : changed(before, after);
  return `  r${revision} ${kind} ${named(object)} ${what}`;
}

/** The first-level fields of spec, status and metadata that differ, with what they are now where that is short. */
function changed(before: object, after: object): string {
  const differences: string[] = [];
  for (const part of ["metadata", "spec", "status"] as const) {
    const [old, now] = [partOf(before, part), partOf(after, part)];
    for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (field === "managedFields" || field === "resourceVersion") continue;
      const value = JSON.stringify(now[field]);
      if (JSON.stringify(old[field]) === value) continue;
      differences.push(`${part}.${field}${(value ?? "-").length <= 24 ? `=${value ?? "-"}` : ""}`);
    }
  }
  return differences.join(" ") || "unchanged";
}

const partOf = (object: object, part: string) =>
  ((object as Record<string, unknown>)[part] ?? {}) as Readonly<Record<string, unknown>>;
