import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { copyFile, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { sleep, type Clock } from "#base";

/** A log of more than this is put aside as `….1`, over the one before. */
const MAX_LOG_BYTES = 16 << 20;

export interface DaemonProcess {
  readonly pid: number;
  /** Resolves when it has ended. Absent for one that was taken over: look at {@link isAlive}. */
  readonly ended?: Promise<void>;
}

/** Starts the daemon in a session of its own: it outlives us, and what is written to our terminal is not its business. */
export async function spawnDaemon(
  command: string,
  args: readonly string[],
  { log, pid: pidFile }: { readonly log: string; readonly pid: string },
): Promise<DaemonProcess> {
  // Appending, so that the file may be cut while it is written.
  const output = await open(log, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600);
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", output.fd, output.fd], cwd: "/" });
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    if (child.pid === undefined) {
      await new Promise((_, reject) => {
        child.once("error", reject);
      });
    }
    child.unref();
    await noteDaemon(pidFile, child.pid!);
    return { pid: child.pid!, ended };
  } finally {
    await output.close();
  }
}

/** Writes the daemon's process id down, for a later start. */
export const noteDaemon = (pidFile: string, pid: number): Promise<void> =>
  writeFile(pidFile, `${pid}\n`, { mode: 0o600 });

/**
 * The daemon that an earlier run started, if it is still the one of this configuration. The process that started it may
 * have been killed before its number was written down: then it is known by its command, `… --config FILE`.
 */
export async function findDaemon(pidFile: string, config: string): Promise<number | undefined> {
  const noted = Number.parseInt(await readFile(pidFile, "utf8").catch(() => ""), 10);
  if ((await commandOf(noted)).includes(config)) return noted;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = await commandOf(Number(name));
    if (words.at(-1) === config && words.at(-2) === "--config") return Number(name);
  }
  return undefined;
}

/** The words of a process's command; none when it has ended. */
async function commandOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return text.replace(/\0$/, "").split("\0");
}

/** Whether the process is there, and not only because its parent has not asked how it ended. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/s.test(status);
  } catch {
    return false;
  }
}

/** Asks a process to end, and ends it when it has not after `graceMs`. */
export async function endProcess(pid: number, graceMs: number, clock: Clock): Promise<void> {
  const due = clock.monotonic() + graceMs;
  signal(pid, "SIGTERM");
  let killed = false;
  while (await isAlive(pid)) {
    if (!killed && clock.monotonic() > due) {
      killed = true;
      signal(pid, "SIGKILL");
    }
    await sleep(clock, 20);
  }
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** Bounds the log that another process writes. */
export async function boundLog(file: string): Promise<void> {
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  if (size <= MAX_LOG_BYTES) return;
  await rm(`${file}.1`, { force: true });
  await copyFile(file, `${file}.1`);
  await truncate(file);
}
