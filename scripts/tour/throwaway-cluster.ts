import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A cluster of its own in a temporary directory; the user's kubeconfig and home are not touched. */
export interface ThrowawayCluster {
  readonly dir: string;
  /** Points kubectl at it. */
  readonly env: NodeJS.ProcessEnv;
  /** What `knarr up` printed. */
  readonly announced: string;
  /** Rejects when the cluster ends without being asked to. */
  readonly died: Promise<never>;
  /** Stops it and removes the directory; resolves to its exit code. */
  stop(): Promise<number | null>;
}

const KNARR = join(import.meta.dirname, "../../bin/knarr");

/** Runs `knarr up`, on any free port, until it says that it is ready. */
export async function startThrowawayCluster(nodes: number, signal: AbortSignal): Promise<ThrowawayCluster> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-tour-"));
  const env = { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") };
  const args = ["--data-dir", join(dir, "data"), "--port", "0", "--nodes", `${nodes}`, "--runtime", "simulated"];
  const child = spawn(KNARR, ["up", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit") as Promise<[number | null]>;

  let stopping = false;
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const [code] = await ended;
    await rm(dir, { recursive: true, force: true });
    return code;
  };
  let announced = "";
  const ready = Promise.withResolvers<void>();
  const take = (chunk: string) => {
    announced += chunk;
    if (/ready in \d+ ms/.test(announced)) ready.resolve();
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {});
  child.on("exit", (code, by) => {
    const why = `knarr up ended with ${by ?? code}: ${announced.trim().split("\n").slice(-20).join("\n")}`;
    if (!stopping) died.reject(new Error(why));
  });
  const abort = () => ready.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([ready.promise, died.promise]);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return { dir, env, announced, died: died.promise, stop };
}
