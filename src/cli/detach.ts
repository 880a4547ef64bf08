import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Terminal } from "./command.ts";

/** What `up` says once: the lines to print, or the one line that tells why it could not start. */
type Report = { readonly lines: readonly string[] } | { readonly error: string };

/** Set in the child of `up --detach`: the file descriptor that takes its report. */
const REPORT_FD = "KNARR_REPORT_FD";

/** Whether this is the child of an `up --detach` that still waits for its report. */
export const isDetached = ({ env }: Terminal): boolean => Number(env[REPORT_FD]) > 0;

/** What most likely ended a process that could not say so itself. */
const CAUSES: Partial<Record<NodeJS.Signals, string>> = {
  // The store is read as memory: a page that the file lacks is no memory.
  SIGBUS: " (its store/data.mdb has been cut short, or its disk cannot be read)",
  SIGKILL: " (by another process, or for lack of memory)",
};

/** Prints the report, or hands it to the `up --detach` that waits for it. */
export function reportReady(terminal: Terminal, report: Report): void {
  if (isDetached(terminal)) {
    const fd = Number(terminal.env[REPORT_FD]);
    writeSync(fd, JSON.stringify(report));
    closeSync(fd);
    delete terminal.env[REPORT_FD];
    return;
  }
  if ("error" in report) terminal.err(`knarr: ${report.error}`);
  else for (const line of report.lines) terminal.out(line);
}

/** Starts this same command line without `--detach` as a process of its own, and waits for its report. */
export async function startDetached(dataDir: string, terminal: Terminal): Promise<number> {
  let log: number;
  const logFile = join(dataDir, "knarr.log");
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    log = openSync(logFile, "w", 0o600);
  } catch (error) {
    terminal.err(`knarr: data directory ${dataDir} is not writable: ${(error as Error).message}`);
    return 1;
  }
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...process.argv.slice(1).filter((arg) => arg !== "--detach")],
    { detached: true, stdio: ["ignore", log, log, "pipe"], env: { ...terminal.env, [REPORT_FD]: "3" } },
  );
  closeSync(log);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("exit", (_, signal) => resolve(signal));
    child.once("error", () => resolve(null));
  });
  let text = "";
  const pipe = child.stdio[3] as Readable;
  pipe.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await new Promise<void>((resolve) => pipe.once("close", () => resolve()));
  if (text === "") {
    const last = readFileSync(logFile, "utf8").trim().split("\n").slice(-3).join("\n");
    const signal = await ended;
    const why = signal ? `: its process was ended by ${signal}${CAUSES[signal] ?? ""}` : "";
    terminal.err(last || `knarr: the cluster did not start${why}; see ${logFile}`);
    return 1;
  }
  child.unref();
  const report = JSON.parse(text) as Report;
  reportReady(terminal, report);
  return "error" in report ? 1 : 0;
}
