import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { realClients } from "../../scripts/clients.ts";
import { run, type Outcome, type RunOptions } from "./run.ts";

const root = join(import.meta.dirname, "../..");
export const KNARR = join(root, "bin/knarr");

/** A cluster in a process of its own, started as a user would, and the real clients pointed at it. */
export interface ClusterUnderTest extends AsyncDisposable {
  readonly dir: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly process: ChildProcess;
  /** Runs kubectl; fails the test when it exits with anything but 0. Resolves to its standard output. */
  kubectl(...args: string[]): Promise<string>;
  /** Runs kubectl with input or with an exit code of its own. */
  tryKubectl(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** `kubectl apply -f -` */
  apply(manifest: string, ...args: string[]): Promise<string>;
  helm(...args: string[]): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface UnderTestOptions {
  readonly nodes?: number;
  readonly args?: readonly string[];
  /** Resumes the cluster of this directory, which stays when the cluster stops. */
  readonly dir?: string;
}

/** Starts a cluster with `bin/knarr up` on a free port and waits until it says that it is ready. */
export async function startUnderTest(options: UnderTestOptions = {}): Promise<ClusterUnderTest> {
  const { nodes = 3, args = [] } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "knarr-test-")));
  const dataDir = join(dir, "data");
  const kubeconfig = join(dir, "kubeconfig");
  const env = { ...process.env, HOME: dir, KUBECONFIG: kubeconfig };
  const child = spawn(
    KNARR,
    ["up", "--data-dir", dataDir, "--port", "0", "--nodes", String(nodes), "--runtime", "simulated", ...args],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  const ready = new Promise<void>((resolve, reject) => {
    const take = (chunk: string) => {
      output += chunk;
      if (/ready in \d+ ms/.test(output)) resolve();
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("exit", (code) => reject(new Error(`knarr up exited with ${code}: ${output}`)));
  });
  await ready;

  const { kubectl, helm } = realClients();
  const expectZero = (what: string, { code, stdout, stderr }: Outcome) => {
    assert.equal(code, 0, `${what} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  const cluster: ClusterUnderTest = {
    dir,
    dataDir,
    kubeconfig,
    process: child,
    kubectl: async (...kubectlArgs) =>
      expectZero(`kubectl ${kubectlArgs.join(" ")}`, await run(kubectl, kubectlArgs, { env })),
    tryKubectl: (kubectlArgs, more = {}) => run(kubectl, kubectlArgs, { ...more, env: { ...env, ...more.env } }),
    apply: async (manifest, ...more) =>
      expectZero("kubectl apply", await run(kubectl, ["apply", "-f", "-", ...more], { env, input: manifest })),
    helm: async (...helmArgs) => expectZero(`helm ${helmArgs.join(" ")}`, await run(helm, helmArgs, { env })),
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, "exit");
      }
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
  return cluster;
}

/** Calls `look` until it returns something, failing with `what` after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    assert.ok(Date.now() < deadline, `${what} did not come about${last ? `: ${String(last)}` : ""}`);
    await delay(50);
  }
}

export const readManifest = (name: string) => readFile(join(root, "test/manifests", name), "utf8");
