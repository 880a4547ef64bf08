import { createScope, type Clock, type Log, type Random, type Scope } from "#base";
import { createCaches } from "#client";
import {
  CONTROLLER_MANAGER,
  createControlPlane,
  KUBELET,
  SCHEDULER,
  simulatedVolumes,
  startControlLoops,
  type ControlPlane,
} from "#composition";
import { KUBERNETES_VERSION, versionInfo } from "#apiserver";
import { createSources, feedPods, startKubelet, type Kubelet } from "#kubelet";
import {
  createSimulatedRuntime,
  createSimulatedVolumes,
  describeSimulatedNode,
  nodeAddressOf,
  type SimulatedTimes,
} from "#kubelet/simulated";
import { NODES, PODS } from "#objects";
import type { Store } from "#store";
import { SOUND, type LinkFaults } from "./faults.ts";
import { ConnectionLost, Link, type Endpoint } from "./link.ts";
import { laggingStore, processStore } from "./process-store.ts";

export interface ProcessContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The addresses of Services. */
  readonly serviceCidr: string;
  /** The API servers that are up. */
  readonly endpoints: () => readonly Endpoint[];
}

/** One process of the simulated cluster: it can be started, and killed at any moment without a chance to tidy up. */
export interface Process {
  readonly name: string;
  readonly up: boolean;
  start(): Promise<void>;
  /**
   * Kills it: from now on nothing of it reaches anything. Resolves once what it had in hand has ended, which may take
   * virtual time.
   */
  kill(): Promise<void>;
}

/** An API server over the store that all of them share. */
export class ApiServerProcess implements Process {
  readonly name: string;
  /** The longest time, in milliseconds, by which it learns late of what was committed. */
  lagMs = 0;
  readonly #context: ProcessContext;
  #running: { readonly plane: ControlPlane; readonly died: AbortController; readonly scope: Scope } | undefined;

  constructor(name: string, context: ProcessContext) {
    this.name = name;
    this.#context = context;
  }

  get up(): boolean {
    return this.#running !== undefined;
  }

  get endpoint(): Endpoint | undefined {
    const running = this.#running;
    if (!running) return undefined;
    return {
      name: this.name,
      client: (user, manager) => running.plane.apiServer.client(user, manager),
      signal: running.died.signal,
    };
  }

  async start(): Promise<void> {
    const { store, serviceCidr, clock, random, log } = this.#context;
    const died = new AbortController();
    const scope = createScope(this.name);
    const plane = await createControlPlane({
      // What a dead process had begun must not reach the disk.
      store: processStore(laggingStore(store, { clock, random, lagMs: () => this.lagMs }), died.signal),
      serviceCidr,
      signingKey: () => Promise.reject(new Error("no tokens are signed in the simulator")),
      version: versionInfo({ knarr: "simulated", platform: "simulated/none", runtime: "simulated" }),
      unready: () => undefined,
      clock,
      random,
      log,
      scope,
    });
    this.#running = { plane, died, scope };
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.died.abort(new ConnectionLost("the API server is dead"));
    await running?.scope.close();
  }
}

/** A process that reaches the API servers over a link of its own. */
abstract class LinkedProcess implements Process {
  abstract readonly name: string;
  protected readonly context: ProcessContext;
  #faults: LinkFaults = SOUND;
  #unansweredBefore = 0;
  #running: { readonly link: Link; readonly scope: Scope } | undefined;

  constructor(context: ProcessContext) {
    this.context = context;
  }

  get up(): boolean {
    return this.#running !== undefined;
  }

  /** How its link behaves, over its restarts too. */
  set faults(faults: LinkFaults) {
    this.#faults = faults;
    if (this.#running) this.#running.link.faults = faults;
  }

  /** Requests, of this start and those before, of which it is not known whether they were carried out. */
  get unanswered(): number {
    return this.#unansweredBefore + (this.#running?.link.unanswered ?? 0);
  }

  /** While it is partitioned nothing gets through; a process that starts again is not. */
  get partitioned(): boolean {
    return this.#running?.link.partitioned ?? false;
  }

  set partitioned(value: boolean) {
    if (this.#running) this.#running.link.partitioned = value;
  }

  start(): Promise<void> {
    const link = new Link(this.context);
    link.faults = this.#faults;
    const scope = createScope(this.name);
    this.#running = { link, scope };
    this.begin(link, scope);
    return Promise.resolve();
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#unansweredBefore = this.unanswered;
    this.#running = undefined;
    running?.link.cut();
    await running?.scope.close();
  }

  protected abstract begin(link: Link, scope: Scope): void;
}

/** Controllers and scheduler. There is one of it: leases, which let several stand by, come later. */
export class ManagerProcess extends LinkedProcess {
  readonly name = "controller-manager";

  protected override begin(link: Link, scope: Scope): void {
    const { clock, random, log } = this.context;
    const common = { clock, random, log };
    const client = link.client(CONTROLLER_MANAGER, "kube-controller-manager");
    startControlLoops({
      ...common,
      client,
      schedulerClient: link.client(SCHEDULER, "kube-scheduler"),
      caches: createCaches({ ...common, client, scope: scope.child("caches") }),
      authority: "-----BEGIN CERTIFICATE-----",
      apiServerPort: 6443,
      advertised: undefined,
      spareAddresses: [],
      localVolumes: simulatedVolumes,
      host: "simulated",
      // Longer than an API server may lag behind the store.
      namespaceSettleMs: 5_000,
      scope,
    });
  }
}

export interface NodeProcessOptions {
  /** Counts from 0; gives the node's name, addresses and pod range. */
  readonly index: number;
  readonly times: Partial<SimulatedTimes>;
  /** Milliseconds by which its wall clock is ahead. */
  readonly skewMs: number;
}

/** A machine with a kubelet and simulated containers. */
export class NodeProcess extends LinkedProcess {
  readonly name: string;
  readonly #options: NodeProcessOptions;
  /** The machine itself was lost: its containers are gone when it comes back. */
  #rebooted = false;

  constructor(context: ProcessContext, options: NodeProcessOptions) {
    super(context);
    this.#options = options;
    this.name = describeSimulatedNode(options.index, { kubeletVersion: KUBERNETES_VERSION }).name;
  }

  /** The machine is lost, not only its kubelet. */
  crash(): Promise<void> {
    this.#rebooted = true;
    return this.kill();
  }

  protected override begin(link: Link, scope: Scope): void {
    const { random, log } = this.context;
    const { index, times, skewMs } = this.#options;
    const clock = skewed(this.context.clock, skewMs);
    const client = link.client(KUBELET, "kubelet");
    const node = describeSimulatedNode(index, { kubeletVersion: KUBERNETES_VERSION });
    const runtime = createSimulatedRuntime({
      clock,
      random,
      podCidr: node.podCidr,
      nodeIp: nodeAddressOf(index),
      times,
    });
    const forgets = this.#rebooted;
    this.#rebooted = false;
    const start = async () => {
      const caches = createCaches({ client, scope, clock, random, log });
      const nodes = caches.of(NODES, { fieldSelector: `metadata.name=${node.name}` });
      const pods = caches.of(PODS, { fieldSelector: `spec.nodeName=${node.name}` });
      await caches.whenSynced();
      const sources = createSources({ client, caches, scope, clock, random, log });
      const kubelets = new Map<string, Kubelet>();
      const feed = feedPods(pods, kubelets);
      const kubelet = await startKubelet({
        node,
        runtime: forgets ? { ...runtime, adopt: () => Promise.resolve(undefined) } : runtime,
        sources,
        volumes: createSimulatedVolumes(sources),
        client,
        clock,
        random,
        log,
        scope,
        currentNode: () => nodes.get(node.name),
      });
      kubelets.set(node.name, kubelet);
      feed.startWith(kubelet);
    };
    start().catch((error: unknown) => {
      if (!scope.signal.aborted) log.error("a kubelet could not start", { node: node.name, error });
    });
  }
}

/** A clock whose wall time is ahead; what is measured and the timers are true. */
const skewed = (clock: Clock, ms: number): Clock => ({ ...clock, now: () => clock.now() + ms });
