import { messageOf, sleep } from "#base";
import type { Change } from "#client";
import { hostPorts, keyOf, type EndpointSlice, type Pod, type Service } from "#objects";
import { createHealthServers } from "./health/servers.ts";
import { createShell, runCommand } from "#programs";
import { canMoveUdpFlows, createNft } from "./host/nft.ts";
import { prepareHost } from "./host/prepare.ts";
import { contextsOf, type ProxyOptions } from "./options.ts";
import type { ProxyContext } from "./rules/context.ts";
import { localReadyEndpoints } from "./rules/endpoints.ts";
import { hostPortFragment } from "./rules/host-port-fragment.ts";
import type { Fragment } from "./rules/model.ts";
import { ownerOfPod, ownerOfService, parseOwner, serviceOfSlice } from "./rules/ruleset.ts";
import { serviceFragment } from "./rules/service-fragment.ts";
import { healthCheckPort } from "./rules/service-port.ts";
import { createTableKeeper, type TableKeeper } from "./table-keeper.ts";

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
    scope.run("preparing the node's network", (signal) => keepPreparing(options, contexts, prepared.resolve, signal));
    const { services, endpointSlices, pods, nodes } = options;
    for (const cache of [services, endpointSlices, pods, nodes]) await cache?.whenSynced();
    await prepared.promise;
    if (scope.signal.aborted) return;
    keeper = watch(options, contexts);
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

/** Tries until all is as it should be: the bridge may come with the first pod. Tells when it has tried once. */
async function keepPreparing(
  options: ProxyOptions,
  contexts: readonly ProxyContext[],
  onTried: () => void,
  signal: AbortSignal,
) {
  const { run = runCommand, clock, node } = options;
  let said = new Set<string>();
  for (;;) {
    const saying = new Set<string>();
    // The same complaint every few seconds tells nobody anything new.
    const warn: typeof options.log.warn = (message, fields) => {
      saying.add(message);
      if (!said.has(message)) options.log.warn(message, fields);
    };
    const log = { ...options.log, warn };
    let done = true;
    for (const context of contexts) {
      const gateway = node.gateways?.find((address) => address.includes(":") === (context.family === "ip6"));
      const prepared = await prepareHost({ run, log, context, ...(gateway === undefined ? {} : { gateway }) });
      done &&= prepared;
    }
    onTried();
    if (done) return;
    said = saying;
    await sleep(clock, PREPARE_AGAIN_MS, signal);
  }
}

/** Follows the caches; everything in them is touched at first. */
function watch(options: ProxyOptions, contexts: readonly ProxyContext[]): TableKeeper {
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

  const keeper = createTableKeeper({
    contexts,
    fragmentOf,
    nft: createNft(run, options.run ?? createShell(scope)),
    clock,
    scope,
    log,
    minSyncMs: options.minSyncMs ?? 20,
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
