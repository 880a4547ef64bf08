import { join } from "node:path";
import { createScope, silentLog, sleep, systemClock, systemRandom, type Clock } from "#base";
import { NODES, SERVICE_ACCOUNTS, type Node } from "#objects";
import { DEFAULT_SERVICE_CIDR, firstServiceIps } from "#registry";
import { bootstrap } from "./bootstrap.ts";
import type { Cluster } from "./cluster.ts";
import { createConnector } from "./connector/connector.ts";
import { reachDirectly } from "./connector/proxy/dial.ts";
import { startControlLoops } from "./controllers.ts";
import { createControlPlane } from "./control-plane.ts";
import { kubeconfigFor } from "./kubeconfig/document.ts";
import { createListener } from "./listener.ts";
import { createMetricsSource } from "./metrics/source.ts";
import { chooseRuntime } from "./nodes/choose.ts";
import type { RunningNodes } from "./nodes/runtime.ts";
import { openStore, prepareDataDir } from "./open-store.ts";
import { checkOptions } from "./check-options.ts";
import { StartError, type ClusterOptions } from "./options.ts";
import { credentialsOf } from "./pki/credentials.ts";
import { ADMIN, KUBELET } from "./users.ts";

const READY_TIMEOUT_MS = 60_000;

/**
 * Starts a cluster in this process and resolves once it is ready: the control plane answers, every node is
 * Ready, and the namespace `default` has its service account.
 *
 * @throws StartError when it cannot be started; nothing is left behind then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { clock = systemClock, random = systemRandom, log = silentLog } = options;
  const began = clock.monotonic();
  const scope = createScope("cluster");
  /** Should it not start: the last first, once everything has stopped. */
  const undo: (() => Promise<unknown>)[] = [];
  try {
    checkOptions(options);
    if (options.dataDir !== undefined) undo.push(await prepareDataDir(options.dataDir));
    const runtime = await chooseRuntime(options, { clock, log, scope });
    const credentials = credentialsOf(options.dataDir, clock, [
      options.bind ?? "127.0.0.1",
      ...firstServiceIps(DEFAULT_SERVICE_CIDR),
      ...(runtime.hostAddress === undefined ? [] : [runtime.hostAddress]),
    ]);
    // They are written into the directory while the rest starts.
    if (options.dataDir !== undefined) undo.push(() => credentials.all().catch(() => {}));
    // Keys are made outside of virtual time: it would fly by meanwhile, once there are timers.
    if (clock !== systemClock) await credentials.authority();
    const store = await openStore(options, clock);
    scope.defer(() => store.close());
    undo.push(() => runtime.abandon());
    await runtime.prepare();

    let unready: string | undefined = "starting";
    let nodes: RunningNodes | undefined;
    const { registry, apiServer } = await createControlPlane({
      store,
      pkiDir: options.dataDir === undefined ? undefined : join(options.dataDir, "pki"),
      clock,
      random,
      log,
      scope: scope.child("admission"),
      connector: createConnector({
        clock,
        client: () => apiServer.client(KUBELET),
        kubelet: (name) => nodes?.kubelets.get(name),
        random,
        ...(runtime.name === "containerd" ? { reach: reachDirectly } : {}),
      }),
      // Nothing is pretended: simulated containers use nothing that could be measured.
      ...(runtime.name === "simulated"
        ? {}
        : { metrics: createMetricsSource({ kubelets: () => nodes?.kubelets.values() ?? [], clock, log, scope }) }),
      serverAddress: () => listener.address ?? "127.0.0.1:6443",
      unready: () => unready,
    });
    scope.defer(() => registry.close());
    const listener = createListener({
      options,
      credentials,
      apiServer,
      log,
      scope,
      hostAddress: runtime.hostAddress,
    });
    if (options.port !== undefined || runtime.hostAddress !== undefined) await listener.listen();
    runtime.begin();

    const apiServerPort = listener.port ?? options.port ?? 6443;
    await bootstrap(apiServer.client(ADMIN), registry, { apiServerPort });
    const caches = startControlLoops({
      apiServer,
      registry,
      authority: await credentials.authority(),
      apiServerPort,
      advertised: runtime.advertised ?? runtime.hostAddress,
      loadBalancerAddresses: options.loadBalancerAddresses,
      spareAddresses: runtime.spareAddresses ?? [],
      clock,
      random,
      log,
      scope,
    });
    const running = await runtime.start({
      client: apiServer.client(KUBELET, "kubelet"),
      clock,
      random,
      log,
      scope: scope.child("nodes"),
    });
    nodes = running;

    const nodeCache = caches.of(NODES);
    const accounts = caches.of(SERVICE_ACCOUNTS);
    // Asked for again and again: going through a thousand nodes each time takes longer than starting them.
    nodeCache.addIndex("usable", (node) => (isUsable(node) ? "yes" : undefined));
    const why = (): string | undefined => {
      const ready = nodeCache.count("usable", "yes");
      if (ready < runtime.count) return `${runtime.count - ready} of ${runtime.count} nodes are not ready`;
      return accounts.has("default/default") ? undefined : "the service account default/default is missing";
    };
    await until(clock, () => (unready = why()) === undefined);

    const stop = () => scope.close();
    return {
      client: apiServer.client(ADMIN),
      clientAs: (user) => apiServer.client(user),
      get server() {
        return listener.address === undefined ? undefined : `https://${listener.address}`;
      },
      runtime: runtime.name,
      notes: runtime.notes,
      readyMs: clock.monotonic() - began,
      registry,
      access: () => listener.access(),
      kubeconfig: async () => kubeconfigFor("knarr", await listener.access()),
      addNode: () => running.add(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await scope.close();
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

/** Whether pods may come to a node. */
const isUsable = ({ spec, status }: Node): boolean =>
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true &&
  !spec?.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready");

/** Waits in small steps: what it waits for is watched, so it comes about within moments. */
async function until(clock: Clock, done: () => boolean): Promise<void> {
  const deadline = clock.monotonic() + READY_TIMEOUT_MS;
  while (!done()) {
    if (clock.monotonic() > deadline) throw new StartError("the cluster did not become ready");
    await sleep(clock, 2);
  }
}
