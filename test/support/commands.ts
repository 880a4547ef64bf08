import { existsSync } from "node:fs";
import { join } from "node:path";
import { run, type Outcome, type RunOptions } from "./run.ts";

/** Administrators' programs are not on every user's PATH. */
const FOLDERS = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"].filter(Boolean);

/** The full path of a program, undefined when there is none. */
export function findCommand(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Runs a program to its end; rejects with what it wrote when it exits with anything but 0. */
export async function must(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const outcome: Outcome = await run(findCommand(command) ?? command, args, options);
  if (outcome.code !== 0) {
    throw new Error(`${command} ${args.join(" ")} exited with ${outcome.code}: ${outcome.stderr}${outcome.stdout}`);
  }
  return outcome.stdout;
}
