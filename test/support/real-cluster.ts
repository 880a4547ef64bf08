import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KNARR, startUnderTest, type ClusterUnderTest } from "./cluster-under-test.ts";
import type { Outcome } from "./run.ts";
import { leaksSince, tracesNow, type TraceOptions } from "./leaks.ts";
import { createTestNamespace, type TestNamespace } from "./network-namespace.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";

/** What a cluster with real containers has around it, and how all of it ends. */
interface Surroundings extends AsyncDisposable {
  readonly namespace: TestNamespace;
  /** Stands in for docker.io: Pods say `nginx:1.29`, `test/server:1`. */
  readonly registry: TestRegistry;
  /** Ends the cluster with all it has; resolves to what is left of it on the machine, a line each. */
  end(): Promise<readonly string[]>;
}

/** A cluster with real containers in a network of its own, and the images that it can pull. */
export interface RealCluster extends ClusterUnderTest, Surroundings {}

/** The same, for tests that stop or kill Knarr and start it again: network, registry and data stay until the end. */
export interface RestartableCluster extends Surroundings {
  readonly dir: string;
  readonly dataDir: string;
  /** Where the cluster leaves traces. */
  readonly places: TraceOptions;
  /** The process that was started last; what its `kubectl` is pointed at is the same for all of them. */
  readonly current: ClusterUnderTest;
  /** Starts Knarr again, after it was stopped or killed. */
  start(): Promise<ClusterUnderTest>;
  /** `knarr down`, `knarr down --purge` … of this cluster's data, in its network. */
  knarr(...args: string[]): Promise<Outcome>;
  /** What is on the machine now and was not before the first start, a line each. */
  left(): Promise<readonly string[]>;
}

export interface RealClusterOptions {
  /** Where it is to be, for tests that prepare the directory; it stays. */
  readonly dir?: string;
  /** More arguments of `knarr up`, after what they refer to has been started in the network. */
  readonly args?: (namespace: TestNamespace) => Promise<readonly string[]>;
}

/** Starts a cluster as a user would: `knarr up --runtime containerd`, with docker.io mirrored to a local registry. */
export async function startRealCluster(options?: RealClusterOptions): Promise<RealCluster> {
  const { current, namespace, registry, end, [Symbol.asyncDispose]: dispose } = await startRestartable(options);
  return { ...current, namespace, registry, end, [Symbol.asyncDispose]: dispose };
}

export async function startRestartable(options: RealClusterOptions = {}): Promise<RestartableCluster> {
  await using resources = new AsyncDisposableStack();
  const namespace = resources.use(await createTestNamespace());
  const registry = resources.use(await startRegistry(namespace));
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "knarr-test-")));
  if (options.dir === undefined) resources.defer(() => rm(dir, { recursive: true, force: true }).catch(() => {}));
  const dataDir = join(dir, "data");
  const places = { dirs: [dir], namespace };
  const untouched = await tracesNow(places);
  const left = () => leaksSince(untouched, places);
  const args = (await options.args?.(namespace)) ?? [];

  const env = { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") };
  const knarr = (...words: string[]) => namespace.run(KNARR, [...words, "--data-dir", dataDir], { env, cwd: tmpdir() });
  let leaks: readonly string[] = [];
  resources.defer(async () => {
    await knarr("down", "--purge");
    leaks = await left();
  });
  const launch = () => startUnderTest({ args, dir, real: { namespace, registry } });
  let current = await launch();
  resources.defer(async () => void (await current.stop()));

  const all = resources.move();
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= all.disposeAsync());
  return {
    namespace,
    registry,
    dir,
    dataDir,
    places,
    get current() {
      return current;
    },
    start: async () => (current = await launch()),
    knarr,
    left,
    end: async () => {
      await end();
      return leaks;
    },
    [Symbol.asyncDispose]: end,
  };
}
