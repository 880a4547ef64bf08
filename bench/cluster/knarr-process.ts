import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readKubeconfig, type KubeconfigContext } from "#client";

const KNARR = join(import.meta.dirname, "../../bin/knarr");

/** `knarr up` as a process of its own. */
export interface KnarrProcess {
  /** From the start of the process to the line that says that it is ready. */
  readonly startMs: number;
  readonly pid: number;
  readonly access: KubeconfigContext;
  /** Stops it. Its data stays: the owner of the directory removes it. */
  stop(): Promise<void>;
}

/** Starts the command as a user would and waits until it says that it is ready. */
export async function startKnarr(dataDir: string, options: readonly string[] = []): Promise<KnarrProcess> {
  const kubeconfig = join(dataDir, "kubeconfig");
  const began = performance.now();
  const child = spawn(
    KNARR,
    ["up", "--data-dir", dataDir, "--port", "0", "--kubeconfig", kubeconfig, "--runtime", "simulated", ...options],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let readyAt: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("ready in")) continue;
    readyAt = performance.now();
    break;
  }
  if (readyAt === undefined) throw new Error("knarr up ended before it was ready");
  child.stdout.resume();
  const gone = once(child, "exit");
  return {
    startMs: readyAt - began,
    pid: child.pid!,
    access: await readKubeconfig(await readFile(kubeconfig, "utf8")),
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** Runs `use` with a directory that is gone afterwards. */
export async function withTemporaryDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-bench-"));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Runs `use` with a cluster of its own. */
export function withKnarr<T>(options: readonly string[], use: (knarr: KnarrProcess) => Promise<T>): Promise<T> {
  return withTemporaryDir(async (dir) => {
    const knarr = await startKnarr(dir, options);
    try {
      return await use(knarr);
    } finally {
      await knarr.stop();
    }
  });
}
