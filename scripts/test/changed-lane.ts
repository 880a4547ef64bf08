// Asks git what changed, and the imports what that can break.
import { spawnSync } from "node:child_process";
import { readSources } from "../source/sources.ts";
import { affectedBy, importGraph, withinBudget, type Lane } from "./changed.ts";
import type { Durations } from "./durations.ts";

/** What differs from where the branch left the commit, committed or not; a string says what is wrong. */
export function changedFiles(root: string, ref: string): string[] | string {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  const base = git("merge-base", ref, "HEAD");
  if (base.status !== 0) return `git knows no common commit with ${ref}: ${base.stderr}`;
  const tracked = git("diff", "--name-only", "--no-renames", "-z", base.stdout.trim());
  const untracked = git("ls-files", "--others", "--exclude-standard", "-z");
  if (tracked.status !== 0 || untracked.status !== 0) return `git: ${tracked.stderr}${untracked.stderr}`;
  return [...new Set(`${tracked.stdout}${untracked.stdout}`.split("\0").filter(Boolean))];
}

export function changedLane(
  root: string,
  changed: readonly string[],
  tests: readonly string[],
  durations: Durations,
  seconds: number,
  workers: number,
): Lane {
  const sources = readSources(root);
  const listed = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  const others = new Set(listed.stdout.split("\0").filter((path) => path && !sources.has(path)));
  const distances = affectedBy(changed, importGraph(sources, others), [...sources.keys()]);
  return withinBudget(tests, distances, durations, seconds, workers);
}
