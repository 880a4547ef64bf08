import { execFile } from "node:child_process";

/**
 * Runs a program of the machine: what it printed. Rejects with what it said on its standard error; the `code` of the
 * cause is its exit code.
 */
export type RunCommand = (program: string, args: readonly string[], input?: string) => Promise<string>;

/** More than any program prints that is run here; beyond it a command fails. */
const MAX_OUTPUT = 64 << 20;
const TIMEOUT_MS = 30_000;
/** A large device is formatted or checked within this. */
const PATIENT_TIMEOUT_MS = 600_000;

/** Runs a program by itself, in the namespaces of this process. For what is done often: {@link createShell}. */
export const runCommand: RunCommand = (...command) => runWithin(TIMEOUT_MS, ...command);

/** The same of a program that may take its time: a device or another machine holds it up. */
export const runPatiently: RunCommand = (...command) => runWithin(PATIENT_TIMEOUT_MS, ...command);

const runWithin = (timeout: number, ...[program, args, input]: Parameters<RunCommand>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: MAX_OUTPUT, timeout }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim().slice(0, 4096) || error.message, { cause: error }));
      else resolve(stdout);
    });
    // A program that ends before it has read everything says why by itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
