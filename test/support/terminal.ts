import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { run } from "./run.ts";
import { systemClock } from "#base";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program in a terminal, and a user in front of it. */
export interface Terminal {
  type(text: string): void;
  /** Resolves to all that was shown, once the pattern is in it; rejects when it never comes. */
  shows(pattern: RegExp): Promise<string>;
  resize(size: TerminalSize): Promise<void>;
  /** The program's exit code. */
  readonly ended: Promise<number>;
}

type Start = (command: string, args: readonly string[]) => ChildProcess;

const PATIENCE_MS = 120_000;
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs a command in a terminal that `script` (util-linux) makes. */
export function openTerminal(
  command: readonly string[],
  { columns, rows }: TerminalSize = { columns: 80, rows: 24 },
  start: Start,
): Terminal {
  const line = `stty cols ${columns} rows ${rows}; exec ${command.map(quoted).join(" ")}`;
  const child = start("script", ["-qefc", line, "/dev/null"]);
  let shown = "";
  const waiting = new Set<() => void>();
  const look = () => {
    for (const wake of waiting) wake();
  };
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    shown += chunk;
    look();
  });
  child.stdin!.on("error", () => {});
  let over = false;
  const ended = once(child, "close").then(([code]) => {
    over = true;
    look();
    return (code as number | null) ?? -1;
  });
  return {
    type: (text) => void child.stdin!.write(text),
    async shows(pattern) {
      const timer = systemClock.setTimeout(look, PATIENCE_MS);
      const deadline = performance.now() + PATIENCE_MS;
      while (!pattern.test(shown)) {
        assert.ok(!over && performance.now() < deadline, `${pattern} was not shown: ${shown}`);
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
      timer.cancel();
      return shown;
    },
    async resize(size) {
      const [inside] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
      const device = readlinkSync(`/proc/${inside}/fd/0`);
      const args = ["-F", device, "cols", String(size.columns), "rows", String(size.rows)];
      const { code, stderr } = await run("stty", args);
      assert.equal(code, 0, stderr);
    },
    ended,
  };
}
