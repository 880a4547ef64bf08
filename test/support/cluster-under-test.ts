import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { realClients } from "../../scripts/clients.ts";
import type { TestNamespace } from "./network-namespace.ts";
import type { TestRegistry } from "./registry.ts";
import { run, type Outcome, type RunOptions } from "./run.ts";
import { openTerminal, type Terminal, type TerminalSize } from "./terminal.ts";

const root = join(import.meta.dirname, "../..");
export const KNARR = join(root, "bin/knarr");

/** kubectl, pointed at one cluster and perhaps at one namespace. */
export interface Kubectl {
  /** Runs kubectl; fails the test when it exits with anything but 0. Resolves to its standard output. */
  (...args: string[]): Promise<string>;
  /** Runs kubectl with input, with an environment or with an exit code of its own. */
  try(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** `kubectl apply -f -` */
  apply(manifest: string, ...args: string[]): Promise<string>;
  /** `kubectl get -o json` */
  json<T>(...args: string[]): Promise<T>;
  /** Starts kubectl with pipes, for what goes on until it is ended. */
  spawn(...args: string[]): ChildProcess;
  /** Starts kubectl in a terminal of its own. */
  terminal(args: readonly string[], size?: TerminalSize): Terminal;
}

/** A cluster in a process of its own, started as a user would, and the real clients pointed at it. */
export interface ClusterUnderTest extends AsyncDisposable {
  readonly dir: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly env: NodeJS.ProcessEnv;
  readonly process: ChildProcess;
  readonly kubectl: Kubectl;
  /** Makes a namespace, where a case is alone, and points kubectl at it. */
  inNamespace(name: string): Promise<Kubectl>;
  /** What `knarr up` has printed so far. */
  output(): string;
  helm(...args: string[]): Promise<string>;
  /** Resolves to the exit code, null after a signal that cannot be caught. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface UnderTestOptions {
  readonly nodes?: number;
  readonly args?: readonly string[];
  /** Resumes the cluster of this directory, which stays when the cluster stops. */
  readonly dir?: string;
  /** With real containers, in a network of its own; the one node is this machine. */
  readonly real?: RealOptions;
}

export interface RealOptions {
  readonly namespace: TestNamespace;
  /** Stands for docker.io. */
  readonly registry?: Pick<TestRegistry, "url">;
  /** Of a containerd that runs in the namespace already, instead of one of the cluster's own. */
  readonly containerdSocket?: string;
}

/** Starts a cluster with `bin/knarr up` on a free port and waits until it says that it is ready. */
export async function startUnderTest(options: UnderTestOptions = {}): Promise<ClusterUnderTest> {
  const { real, args = [] } = options;
  const start = real ? real.namespace.spawn : spawn;
  const call = real ? real.namespace.run : run;
  const runtime = real
    ? ["--runtime", "containerd", ...containerArgs(real)]
    : ["--runtime", "simulated", "--nodes", String(options.nodes ?? 3)];
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "knarr-test-")));
  const dataDir = join(dir, "data");
  const kubeconfig = join(dir, "kubeconfig");
  const env = { ...process.env, HOME: dir, KUBECONFIG: kubeconfig };
  const child = start(KNARR, ["up", "--data-dir", dataDir, "--port", "0", ...runtime, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = await untilReady(child);

  const { kubectl: program, helm } = realClients();
  const kubectlWith = (extra: readonly string[]): Kubectl => {
    const attempt: Kubectl["try"] = (kubectlArgs, more = {}) =>
      call(program, [...extra, ...kubectlArgs], { cwd: dir, ...more, env: { ...env, ...more.env } });
    const must = async (kubectlArgs: readonly string[], more?: RunOptions) =>
      expectZero(`kubectl ${kubectlArgs.join(" ")}`, await attempt(kubectlArgs, more));
    return Object.assign((...kubectlArgs: string[]) => must(kubectlArgs), {
      try: attempt,
      apply: (manifest: string, ...more: string[]) => must(["apply", "-f", "-", ...more], { input: manifest }),
      spawn: (...kubectlArgs: string[]) => start(program, [...extra, ...kubectlArgs], { cwd: dir, env }),
      terminal: (kubectlArgs: readonly string[], size?: TerminalSize) =>
        openTerminal([program, ...extra, ...kubectlArgs], size, (command, rest) =>
          start(command, [...rest], { cwd: dir, env: { ...env, TERM: "xterm" } }),
        ),
      json: async <T>(...kubectlArgs: string[]) => JSON.parse(await must(["get", "-o", "json", ...kubectlArgs])) as T,
    });
  };
  const kubectl = kubectlWith([]);
  const cluster: ClusterUnderTest = {
    dir,
    dataDir,
    kubeconfig,
    env,
    process: child,
    kubectl,
    async inNamespace(name) {
      await kubectl("create", "namespace", name);
      return kubectlWith(["--namespace", name]);
    },
    output,
    helm: async (...helmArgs) =>
      expectZero(`helm ${helmArgs.join(" ")}`, await call(helm, helmArgs, { env, cwd: dir })),
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, "exit");
      }
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      if (options.dir !== undefined) return;
      if (real) await call(KNARR, ["down", "--purge", "--data-dir", dataDir], { env, cwd: tmpdir() });
      await rm(dir, { recursive: true, force: true });
    },
  };
  return cluster;
}

const containerArgs = ({ registry, containerdSocket }: RealOptions): string[] => [
  ...(registry === undefined ? [] : ["--registry-mirror", `docker.io=${registry.url}`]),
  ...(containerdSocket === undefined ? [] : ["--containerd-socket", containerdSocket]),
];

function expectZero(what: string, { code, stdout, stderr }: Outcome): string {
  assert.equal(code, 0, `${what} exited with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Resolves, once the cluster says that it is ready, to how to look at what it prints. */
async function untilReady(child: ChildProcess): Promise<() => string> {
  let output = "";
  const ready = Promise.withResolvers<void>();
  const take = (chunk: string) => {
    output += chunk;
    if (/ready in \d+ ms/.test(output)) ready.resolve();
  };
  child.stdout!.setEncoding("utf8").on("data", take);
  child.stderr!.setEncoding("utf8").on("data", take);
  child.on("exit", (code) => ready.reject(new Error(`knarr up exited with ${code}: ${output}`)));
  await ready.promise;
  return () => output;
}

/**
 * Calls `look` until it returns something, failing with `what` after `timeoutMs`. The longer it takes the less often:
 * a look is mostly a process of kubectl, which takes its time from what is waited for.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 120_000,
): Promise<T> {
  const started = performance.now();
  for (;;) {
    let failure: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      failure = error;
    }
    const elapsed = performance.now() - started;
    assert.ok(
      elapsed < timeoutMs,
      `${what} did not come about${failure instanceof Error ? `: ${failure.message}` : ""}`,
    );
    await delay(Math.min(50 + elapsed / 10, 300));
  }
}
