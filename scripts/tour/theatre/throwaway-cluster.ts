import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandLine } from "../../../test/support/rollout/site.ts";

/** A cluster of its own in a temporary directory; the user's kubeconfig and home are not touched. */
export interface ThrowawayCluster {
  readonly dir: string;
  /** Points kubectl at it. */
  readonly env: NodeJS.ProcessEnv;
  /** What `knarr up` printed. */
  readonly announced: string;
  /** Rejects when the cluster ends without being asked to. */
  readonly died: Promise<never>;
  /** Stops it, ends what it left running, and removes the directory. */
  stop(): Promise<void>;
}

export interface ThrowawayOptions {
  /** More arguments of `knarr up`. */
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  /** Whether its containers go on running when it stops, so that `knarr down --purge` has to end them. */
  readonly leavesContainers?: boolean;
}

const KNARR = join(import.meta.dirname, "../../../bin/knarr");

/** Runs `knarr up`, on any free port, until it says that it is ready. */
export async function startThrowawayCluster(options: ThrowawayOptions, signal: AbortSignal): Promise<ThrowawayCluster> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-tour-"));
  const env = { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") };
  const dataDir = join(dir, "data");
  // In a process group of its own: a Ctrl-C is for the tour, which ends things in their order.
  const knarr = (...args: string[]) => {
    const [program, words] = options.commandLine(KNARR, [...args, "--data-dir", dataDir]);
    return spawn(program, words, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  };
  const child = knarr("up", "--port", "0", ...options.args);
  const ended = once(child, "exit") as Promise<[number | null]>;

  const purge = async () => {
    const down = knarr("down", "--purge");
    let said = "";
    for (const stream of [down.stdout, down.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
    const [code] = (await once(down, "close")) as [number | null];
    if (code !== 0) throw new Error(`knarr down --purge exited with ${code}: ${said.trim()}`);
  };
  let stopping = false;
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    if (options.leavesContainers) await purge();
    await rm(dir, { recursive: true, force: true });
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
