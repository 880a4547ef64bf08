import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { advantage, type Figure } from "./figure.ts";

export const OURS = "knarr";

const shown = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** Lines for a terminal: one per figure; with other targets, what they did and how many times better ours is. */
export function tableOf(figures: readonly Figure[], others: readonly string[]): string[] {
  const width = Math.max(...figures.map(({ name }) => name.length), 0);
  return figures.map(({ name, unit, values }) => {
    const ours = values[OURS];
    const cells = [ours === undefined ? "" : `${shown(ours)} ${unit}`];
    for (const other of others) {
      const theirs = values[other];
      if (theirs === undefined || ours === undefined) cells.push("", "");
      else cells.push(`${shown(theirs)} ${unit}`, `${shown(advantage(unit, ours, theirs))}×`);
    }
    return `  ${name.padEnd(width)}${cells.map((cell) => `  ${cell.padStart(16)}`).join("")}`.trimEnd();
  });
}

/** What the figures were measured on. */
function machine(): object {
  return {
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1e6),
    commit: commit(),
  };
}

function commit(): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

export function writeJson(file: string, at: Date, figures: readonly Figure[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: at.toISOString(), machine: machine(), figures }, null, 2)}\n`);
}
