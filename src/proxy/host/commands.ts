import { execFile } from "node:child_process";

/** Runs a program of the node: what it printed. Rejects with what it said on its standard error. */
export type RunCommand = (program: string, args: readonly string[], input?: string) => Promise<string>;

/** More than any table that fits a node; beyond it a command fails. */
const MAX_OUTPUT = 64 << 20;
const TIMEOUT_MS = 30_000;

/** Runs programs in the network namespace of this process. */
export const runCommand: RunCommand = (program, args, input) =>
  new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim().slice(0, 4096) || error.message, { cause: error }));
      else resolve(stdout);
    });
    // A program that ends before it has read everything says why by itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });

const SYSCTL = "/proc/sys";

/** A kernel setting, by its path under /proc/sys; undefined when it does not exist. */
export const readSysctl = (run: RunCommand, path: string): Promise<string | undefined> =>
  run("cat", [`${SYSCTL}/${path}`]).then(
    (text) => text.trim(),
    () => undefined,
  );

export const writeSysctl = async (run: RunCommand, path: string, value: string): Promise<void> => {
  await run("sh", ["-c", 'echo "$2" > "$1"', "sh", `${SYSCTL}/${path}`, value]);
};

/** Of a network device: `0a:58:0a:f4:00:01`. */
export async function hardwareAddress(run: RunCommand, device: string): Promise<string> {
  const link = await run("ip", ["-o", "link", "show", "dev", device]);
  const found = /link\/ether ([0-9a-f:]{17})/.exec(link)?.[1];
  if (!found) throw new Error(`${device} has no hardware address`);
  return found;
}
