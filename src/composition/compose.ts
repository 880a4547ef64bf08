import type { ApiServer, Connector } from "#apiserver";
import type { Clock, Log, Random, Scope } from "#base";
import type { Client } from "#client";
import type { Kubelet } from "#kubelet";
import type { MetricsSource, Registry } from "#registry";
import type { Store } from "#store";
import { bootstrap } from "./bootstrap.ts";
import { startControlLoops } from "./control-loops.ts";
import { createControlPlane, type ControlPlaneOptions } from "./control-plane.ts";
import type { NodePool, RunningNodes } from "./nodes.ts";
import { unreadyOf, untilReady, type Unready } from "./readiness.ts";
import { ADMIN, CONTROLLER_MANAGER, KUBELET, SCHEDULER } from "./users.ts";

/** The parts of a cluster, as values: which store, what runs the nodes, how clients come in, and what time it is. */
export interface ClusterParts extends Pick<
  ControlPlaneOptions,
  "version" | "protobuf" | "signingKey" | "runtimeConfig" | "featureGates"
> {
  readonly store: Store;
  readonly nodes: NodePool;
  /** The certificate of the cluster's authority, PEM: every namespace gets it. */
  readonly authority: () => Promise<string>;
  /** Serves clients outside of this process; absent: the in-process client is the only way in. */
  readonly serving?: Serving;
  /** Answers what is passed on to nodes and pods; absent: 503. */
  readonly connector?: (nodes: NodeAccess) => Connector;
  /** Measures what nodes and pods use; absent: metrics.k8s.io is not served. */
  readonly metrics?: (nodes: NodeAccess) => MetricsSource;
  /** What Services of type LoadBalancer get; by default the addresses of nodes, and where those are taken the spare ones. */
  readonly loadBalancerAddresses?: readonly string[] | undefined;
  /** The name of the machine, which the scheduler's Events tell. */
  readonly host?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops the cluster. */
  readonly scope: Scope;
}

/** How clients outside of this process reach the API server: HTTPS on a machine, nothing in a simulation. */
export interface Serving {
  /** The port that clients are told of, also before anything listens. */
  port(): number;
  /** `host:port` once something listens. */
  address(): string | undefined;
  /** Starts to listen, where that is not left for later. */
  begin(apiServer: ApiServer): Promise<void>;
}

/** The nodes of this process, once they run. */
export interface NodeAccess {
  /** A kubelet's client. */
  client(): Client;
  kubelet(nodeName: string): Kubelet | undefined;
  kubelets(): Iterable<Kubelet>;
}

export interface ComposedCluster {
  readonly apiServer: ApiServer;
  readonly registry: Registry;
  /** Adds a node; resolves to its name. */
  addNode(): Promise<string>;
}

/**
 * Joins the parts of a cluster and resolves once it is ready: the control plane answers, every node takes pods, and
 * the namespace `default` has its service account.
 *
 * @throws StartError when it does not become ready; whatever a part throws. The scope is left for the caller to close.
 */
export async function composeCluster(parts: ClusterParts): Promise<ComposedCluster> {
  const { store, nodes, serving, connector, metrics, clock, random, log, scope } = parts;
  const common = { clock, random, log };
  const serviceNetwork = nodes.serviceCidr === undefined ? {} : { serviceCidr: nodes.serviceCidr };
  let unready: Unready = () => "starting";
  let bootstrapped = false;
  let running: RunningNodes | undefined;
  const access: NodeAccess = {
    client: () => apiServer.client(KUBELET),
    kubelet: (name) => running?.kubelets.get(name),
    kubelets: () => running?.kubelets.values() ?? [],
  };
  const { registry, apiServer, caches, signToken, gates } = await createControlPlane({
    ...common,
    store,
    signingKey: parts.signingKey,
    version: parts.version,
    runtimeConfig: parts.runtimeConfig,
    featureGates: parts.featureGates,
    ...(parts.protobuf ? { protobuf: parts.protobuf } : {}),
    ...(connector ? { connector: connector(access) } : {}),
    ...(metrics ? { metrics: metrics(access) } : {}),
    ...(serving ? { serverAddress: () => serving.address() ?? `127.0.0.1:${serving.port()}` } : {}),
    unready: () => unready(),
    bootstrapped: () => bootstrapped,
    ...serviceNetwork,
    scope: scope.child("control plane"),
  });
  await serving?.begin(apiServer);
  nodes.begin();

  const apiServerPort = serving?.port() ?? DEFAULT_PORT;
  await bootstrap(apiServer.client(ADMIN), { apiServerPort, ...serviceNetwork });
  bootstrapped = true;
  startControlLoops({
    ...common,
    client: apiServer.client(CONTROLLER_MANAGER, "kube-controller-manager"),
    schedulerClient: apiServer.client(SCHEDULER, "kube-scheduler"),
    caches,
    authority: await parts.authority(),
    signToken,
    apiServerPort,
    ...serviceNetwork,
    advertised: nodes.advertised,
    loadBalancerAddresses: parts.loadBalancerAddresses,
    localVolumes: nodes.localVolumes,
    host: parts.host,
    spareAddresses: nodes.spareAddresses ?? [],
    maxUnavailableStatefulSet: gates.enabled("MaxUnavailableStatefulSet"),
    scope,
  });
  const started = await nodes.start({
    ...common,
    client: apiServer.client(KUBELET, "kubelet"),
    caches,
    scope: scope.child("nodes"),
  });
  running = started;
  unready = unreadyOf(caches, nodes.count);
  await untilReady(clock, unready);
  return { apiServer, registry, addNode: () => started.add() };
}

/** Where upstream's API server listens. */
const DEFAULT_PORT = 6443;
