import { readFile } from "node:fs/promises";
import { messageOf, sleep } from "#base";
import type { Change } from "#client";
import { hostPorts, keyOf, type EndpointSlice, type Pod, type Service } from "#objects";
import { createHealthServers } from "./health/servers.ts";
import { createShell, runCommand } from "#programs";
import { canMoveUdpFlows, createNft } from "./host/nft.ts";
import { prepareHost } from "./host/prepare.ts";
import { ROUTES_FILE, routesTo } from "./host/routes.ts";
import { contextsOf, type ProxyOptions } from "./options.ts";
import { blocksOf } from "./rules/addresses.ts";
import type { ProxyContext } from "./rules/context.ts";
import { localReadyEndpoints } from "./rules/endpoints.ts";
import { hostPortFragment } from "./rules/host-port-fragment.ts";
import type { Fragment } from "./rules/model.ts";
import { ownerOfPod, ownerOfService, parseOwner, serviceOfSlice } from "./rules/ruleset.ts";
import { serviceFragment } from "./rules/service-fragment.ts";
import { healthCheckPort } from "./rules/service-port.ts";
import { TableKeeper } from "./table-keeper.ts";

export interface ServiceProxy {
  /**
   * Resolves when the node's tables have all that the caches had when it was called; the first time: when there is
   * a table at all. Rejects when the scope closes before.
   */
  settled(): Promise<void>;
  /** Whether nft took what it was last told. */
  readonly healthy: boolean;
}

const SLICES_OF_SERVICE = "proxy/service";
const ZONE = "topology.kubernetes.io/zone";
const PREPARE_AGAIN_MS = 10_000;
/** How often to look whether the bridge and its routes are still there: a file to be read, and no program. */
const LOOK_MS = 1_000;

/**
 * Makes Services work on this node: keeps nftables' tables as Services, EndpointSlices and host ports are. Begins
 * once the caches are filled, by putting whole tables in place of what an earlier proxy left; connections go on.
 */
export function startProxy(options: ProxyOptions): ServiceProxy {
  const { scope, log, run = runCommand } = options;
  const nft = createNft(run);
  const started = Promise.withResolvers<TableKeeper>();
  started.promise.catch(() => {});
  scope.defer(() => started.reject(scope.signal.reason));
  let keeper: TableKeeper | undefined;

  const start = async () => {
    const [context] = contextsOf(options, true).filter(({ family }) => family === "ip");
    const moveUdpFlows = context !== undefined && (await canMoveUdpFlows(nft, context));
    if (context && !moveUdpFlows)
      log.warn("the kernel has no conntrack zones: clients of UDP may go on sending to pods that ended");
    const contexts = contextsOf(options, moveUdpFlows);
    const prepared = Promise.withResolvers<void>();
    const state: HostState = { tablesLost: false };
    scope.run("preparing the node's network", (signal) =>
      keepPrepared(options, contexts, state, prepared.resolve, signal),
    );
    const { services, endpointSlices, pods, nodes } = options;
    for (const cache of [services, endpointSlices, pods, nodes]) await cache?.whenSynced();
    await prepared.promise;
    if (scope.signal.aborted) return;
    keeper = watch(options, contexts, () => (state.tablesLost = true));
    started.resolve(keeper);
  };
  scope.run("start", start, (error) => log.error("Services do not work on this node", { error: messageOf(error) }));

  return {
    settled: async () => (await started.promise).settled(),
    get healthy() {
      return keeper?.healthy ?? false;
    },
  };
}

/** What has been seen of the node's network since it was prepared last. */
interface HostState {
  /** The tables were gone: the program that removed them removed the rules in others' chains too. */
  tablesLost: boolean;
}

/**
 * Tries until all is as it should be (the bridge may come with the first pod), and again whenever something of it is
 * lost. Tells when it has tried once.
 */
async function keepPrepared(
  options: ProxyOptions,
  contexts: readonly ProxyContext[],
  state: HostState,
  onTried: () => void,
  signal: AbortSignal,
) {
  const { run = runCommand, node, ensureBridge } = options;
  let said = new Set<string>();
  for (;;) {
    state.tablesLost = false;
    const saying = new Set<string>();
    // The same warning every few seconds says nothing new.
    const warn: typeof options.log.warn = (message, fields) => {
      saying.add(message);
      if (!said.has(message)) options.log.warn(message, fields);
    };
    const log = { ...options.log, warn };
    let done = true;
    for (const context of contexts) {
      const gateway = node.gateways?.find((address) => address.includes(":") === (context.family === "ip6"));
      const prepared = await prepareHost({
        run,
        log,
        context,
        ...(gateway === undefined ? {} : { gateway }),
        ...(ensureBridge === undefined ? {} : { ensureBridge }),
      });
      done &&= prepared;
    }
    onTried();
    said = saying;
    await untilLost(options, contexts, state, done ? Infinity : PREPARE_AGAIN_MS, signal);
  }
}

/** Waits until the bridge, its address or a route is lost, or the tables were; or for so long. */
async function untilLost(
  options: ProxyOptions,
  contexts: readonly ProxyContext[],
  state: HostState,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, run, node } = options;
  const until = clock.monotonic() + patienceMs;
  const wanted = contexts
    .filter(({ family }) => family === "ip")
    .flatMap(({ bridge, serviceCidrs }) => [
      ...blocksOf("ip", serviceCidrs).map((block) => ({ bridge, block })),
      ...blocksOf("ip", node.gateways).map((block) => ({ bridge, block })),
    ]);
  const read = () => (run ? run("cat", [ROUTES_FILE]) : readFile(ROUTES_FILE, "utf8")).catch(() => undefined);
  for (;;) {
    await sleep(clock, LOOK_MS, signal);
    if (state.tablesLost || clock.monotonic() >= until) return;
    // Not known while they could never be set: then all is tried anew after a while.
    if (patienceMs !== Infinity) continue;
    const text = await read();
    const lost = wanted.find(({ bridge, block }) => text !== undefined && !routesTo(bridge, text).has(block));
    if (!lost) continue;
    log.warn(`the route to ${lost.block} over ${lost.bridge} is gone: the bridge is set up anew`);
    return;
  }
}

/** Follows the caches; everything in them is touched at first. */
function watch(options: ProxyOptions, contexts: readonly ProxyContext[], onLost: () => void): TableKeeper {
  const { services, endpointSlices, pods, nodes, node, scope, clock, log, recorder, run = runCommand } = options;
  endpointSlices.addIndex(SLICES_OF_SERVICE, serviceOfSlice);
  const slicesOf = (service: string) => endpointSlices.index(SLICES_OF_SERVICE, service);
  let zone: string | undefined = nodes?.get(node.name)?.metadata.labels?.[ZONE];

  const fragmentOf = (owner: string, context: ProxyContext): Fragment | undefined => {
    const { kind, key } = parseOwner(owner);
    if (kind === "pod") {
      const pod = pods?.get(key);
      return pod && hostPortFragment(pod, context);
    }
    const service = services.get(key);
    return service && serviceFragment(service, slicesOf(key), zone === undefined ? context : { ...context, zone });
  };

  const keeper = new TableKeeper({
    contexts,
    fragmentOf,
    nft: createNft(run, options.run ?? createShell(scope)),
    clock,
    scope,
    log,
    minSyncMs: options.minSyncMs ?? 20,
    onLost,
    ...(options.onSync ? { onSync: options.onSync } : {}),
  });
  const health = createHealthServers({
    scope,
    clock,
    host: "0.0.0.0",
    healthy: () => keeper.healthy,
    onError: (key, port, why) => {
      const message = `node ${node.name} failed to start healthcheck "${key}" on port ${port}: ${why}`;
      log.warn(message);
      const service = services.get(key);
      if (service) recorder?.event(service, "Warning", "FailedToStartServiceHealthcheck", message);
    },
  });

  const touchService = (key: string) => {
    keeper.touch(ownerOfService(key));
    const service = services.get(key);
    const port = service ? healthCheckPort(service) : 0;
    health.update(
      key,
      port === 0 ? undefined : { port, localEndpoints: localReadyEndpoints(slicesOf(key), node.name) },
    );
  };
  const touchSlice = ({ object, previous }: Change<EndpointSlice>) => {
    const keys = new Set([serviceOfSlice(object), previous && serviceOfSlice(previous)]);
    for (const key of keys) if (key !== undefined) touchService(key);
  };
  const touchPod = ({ object, previous }: Change<Pod>) => {
    const concerns = (pod: Pod | undefined) => pod?.spec?.nodeName === node.name && hostPorts(pod).length > 0;
    if (concerns(object) || concerns(previous)) keeper.touch(ownerOfPod(keyOf(object)));
  };
  scope.defer(services.subscribe(({ object }: Change<Service>) => touchService(keyOf(object))));
  scope.defer(endpointSlices.subscribe(touchSlice));
  if (pods) scope.defer(pods.subscribe(touchPod));
  if (nodes) {
    const leave = nodes.subscribe(({ object }) => {
      const now = object.metadata.labels?.[ZONE];
      if (object.metadata.name !== node.name || now === zone) return;
      zone = now;
      for (const service of services.list()) touchService(keyOf(service));
    });
    scope.defer(leave);
  }
  return keeper;
}
