import { hostname } from "node:os";
import { join } from "node:path";
import { versionInfo } from "#apiserver";
import { createScope, silentLog, systemClock, systemRandom } from "#base";
import { ADMIN, composeCluster } from "#composition";
import { DEFAULT_SERVICE_CIDR, featureGates, firstServiceIps } from "#registry";
import { loadProtobuf } from "#wire";
import { checkOptions } from "./check-options.ts";
import type { Cluster } from "./cluster.ts";
import { createConnector } from "./connector/connector.ts";
import { reachDirectly } from "./connector/proxy/dial.ts";
import { keepRuntime } from "./data-dir/kept-runtime.ts";
import { kubeconfigFor } from "./kubeconfig/document.ts";
import { createListener } from "./listener.ts";
import { createMetricsSource } from "./metrics/source.ts";
import { chooseRuntime } from "./nodes/choose.ts";
import { openStore, prepareDataDir } from "./open-store.ts";
import type { ClusterOptions } from "./options.ts";
import { credentialsOf } from "./pki/credentials.ts";
import { signingKey } from "./pki/signing-key.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { KNARR_VERSION } from "./version.ts";

/**
 * Starts a cluster in this process and resolves once it is ready: the control plane answers, every node is
 * Ready, and the namespace `default` has its service account.
 *
 * @throws StartError when it cannot be started; nothing is left behind then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { clock = systemClock, random = systemRandom, log = silentLog, dataDir } = options;
  const began = clock.monotonic();
  const scope = createScope("cluster");
  /** Should it not start: the last first, once everything has stopped. */
  const undo: (() => Promise<unknown>)[] = [];
  try {
    checkOptions(options);
    if (dataDir !== undefined) undo.push(await prepareDataDir(dataDir));
    const runtime = await chooseRuntime(options, { clock, log, scope });
    const credentials = credentialsOf(dataDir, clock, [
      options.bind ?? "127.0.0.1",
      ...firstServiceIps(runtime.serviceCidr ?? DEFAULT_SERVICE_CIDR),
      ...(runtime.hostAddress === undefined ? [] : [runtime.hostAddress]),
    ]);
    // They are written into the directory while the rest starts.
    if (dataDir !== undefined) undo.push(() => credentials.all().catch(() => {}));
    // Keys are made outside of virtual time: it would fly by meanwhile, once there are timers.
    if (clock !== systemClock) await credentials.authority();
    const store = await openStore(options, clock);
    scope.defer(() => store.close());
    undo.push(() => runtime.abandon());
    await runtime.prepare();

    const listener = createListener({ options, credentials, log, scope, hostAddress: runtime.hostAddress });
    const { apiServer, addNode } = await composeCluster({
      store,
      nodes: runtime,
      authority: () => credentials.authority(),
      signingKey: () => signingKey(dataDir === undefined ? undefined : join(dataDir, "pki")),
      serving: listener,
      connector: (nodes) =>
        createConnector({ ...nodes, clock, random, ...(runtime.podsReachable ? { reach: reachDirectly } : {}) }),
      metrics: ({ kubelets }) => createMetricsSource({ kubelets, clock, log, scope }),
      loadBalancerAddresses: options.loadBalancerAddresses,
      runtimeConfig: options.runtimeConfig,
      featureGates: options.featureGates,
      host: hostname(),
      version: versionInfo({
        knarr: KNARR_VERSION,
        platform: `${process.platform === "win32" ? "windows" : process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
        runtime: `node ${process.version}`,
      }),
      protobuf: loadProtobuf,
      clock,
      random,
      log,
      scope,
    });
    addProcessMetrics(apiServer.metrics, store);
    if (dataDir !== undefined && options.store !== "memory") await keepRuntime(dataDir, runtime.name);

    const stop = () => scope.close();
    return {
      client: apiServer.client(ADMIN),
      clientAs: (user) => apiServer.client(user),
      get server() {
        const address = listener.address();
        return address === undefined ? undefined : `https://${address}`;
      },
      runtime: runtime.name,
      notes: [...runtime.notes, ...featureGates(options.featureGates).warnings],
      readyMs: clock.monotonic() - began,
      access: () => listener.access(),
      kubeconfig: async () => kubeconfigFor("knarr", await listener.access()),
      addNode,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await scope.close();
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}
