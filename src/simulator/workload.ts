import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  StatusError,
  type Deployment,
  type KubeObject,
  type New,
  type Pod,
  type ResourceType,
  type StatefulSet,
} from "#objects";
import { daemonActions } from "./daemon-users.ts";
import { ConnectionLost } from "./link.ts";
import { named } from "./invariants/invariant.ts";
import type { UserOptions } from "./user.ts";
import { JobUser } from "./job-user.ts";

export interface WorkloadOptions extends UserOptions {
  /** Nothing takes Pods away but rollouts. */
  readonly calm: boolean;
}

const TYPES: Readonly<Record<string, ResourceType>> = {
  Service: SERVICES,
  Deployment: DEPLOYMENTS,
  StatefulSet: STATEFUL_SETS,
};

const podsNamed = (app: string, terminationGracePeriodSeconds: number) => ({
  selector: { matchLabels: { app } },
  template: {
    metadata: { labels: { app } },
    spec: { terminationGracePeriodSeconds, containers: [{ name: "main", image: "nginx:1", resources: {} }] },
  },
});

/** A user of the cluster: does one thing after the other, drawn by chance. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #daemons: ReturnType<typeof daemonActions>;
  readonly #jobs: JobUser;
  #created = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#daemons = daemonActions(options);
    this.#jobs = new JobUser(options);
  }

  /** Does one thing. Never rejects: a user lives with errors. */
  async act(): Promise<void> {
    const { random, calm } = this.#options;
    const always = [
      () => this.#createDeployment(),
      () => this.#createStatefulSet(),
      () => this.#scale(),
      () => this.#scale(),
      () => this.#update(),
      () => this.#update(),
      () => this.#changeConfigMap(),
      () => this.#changeConfigMap(),
      () => this.#createService(),
      () => this.#deleteSomething(),
      ...this.#daemons.always,
      () => this.#jobs.create(),
      () => this.#jobs.change(),
    ];
    const stormy = [
      () => this.#deletePod(),
      () => this.#evictPod(),
      () => this.#cordon(true),
      () => this.#cordon(false),
      () => this.#makeNamespace(),
      () => this.#deleteNamespace(),
      ...this.#daemons.stormy,
    ];
    // Only in calm weather are rollouts held to maxUnavailable: so there are many.
    const rollouts = [() => this.#createDeployment(), ...Array.from({ length: 4 }, () => () => this.#update())];
    const actions = [...always, ...(calm ? rollouts : stormy)];
    try {
      await actions[random.int(actions.length)]!();
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof ConnectionLost)) throw error;
      this.#options.note(`user: ${error.message}`);
    }
  }

  /** Lifts what keeps the cluster from settling: cordons, and the suspension of Jobs. */
  async settle(): Promise<void> {
    await this.#jobs.settle();
    for (const { metadata, spec } of this.#options.truth().of("Node") as readonly (KubeObject & {
      spec?: { unschedulable?: boolean };
    })[]) {
      if (!spec?.unschedulable) continue;
      await this.#options.client.patch(
        NODES,
        { namespace: "", name: metadata.name ?? "" },
        { type: "merge", body: { spec: { unschedulable: null } } },
      );
    }
  }

  #draw<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.#options.random.int(items.length)];
  }

  #deployments(): readonly Deployment[] {
    return this.#options
      .truth()
      .of<Deployment>("Deployment")
      .filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  #statefulSets(): readonly StatefulSet[] {
    return this.#options
      .truth()
      .of<StatefulSet>("StatefulSet")
      .filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  #drawNamespace(): string {
    const namespaces = this.#options
      .truth()
      .of("Namespace")
      .filter(({ metadata }) => metadata.name?.startsWith("team-"));
    return this.#draw(namespaces)?.metadata.name ?? "default";
  }

  async #createStatefulSet(): Promise<void> {
    const { random, client, note, onAcknowledged } = this.#options;
    if (this.#statefulSets().length >= 2) return;
    const namespace = this.#drawNamespace();
    const name = `pets-${++this.#created}`;
    const replicas = random.int(5);
    const podManagementPolicy = this.#draw(["OrderedReady", "Parallel"]);
    const updateStrategy = this.#draw([
      { type: "OnDelete" },
      { type: "RollingUpdate" },
      { type: "RollingUpdate", rollingUpdate: { partition: random.int(3) } },
    ]);
    note(
      `user creates StatefulSet ${namespace}/${name}, ${replicas} replicas, ${podManagementPolicy}, ${JSON.stringify(updateStrategy)}`,
    );
    // Without a time of grace a Pod goes before its containers do, and its successor comes.
    const set = {
      metadata: { name, namespace },
      spec: { replicas, serviceName: name, podManagementPolicy, updateStrategy, ...podsNamed(name, 1 + random.int(4)) },
    };
    onAcknowledged(await client.create(STATEFUL_SETS, set as New<StatefulSet>));
  }

  async #createDeployment(): Promise<void> {
    const { random, client, note, onAcknowledged } = this.#options;
    if (this.#deployments().length >= 4) return;
    const namespace = this.#drawNamespace();
    const name = `web-${++this.#created}`;
    const replicas = random.int(6);
    const strategies = [
      undefined,
      { type: "Recreate" },
      { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      { type: "RollingUpdate", rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } },
      { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    ];
    const strategy = this.#draw(strategies);
    note(
      `user creates Deployment ${namespace}/${name}, ${replicas} replicas, ${JSON.stringify(strategy?.rollingUpdate ?? strategy?.type ?? "default")}`,
    );
    const deployment = {
      metadata: { name, namespace },
      spec: {
        replicas,
        ...(strategy ? { strategy } : {}),
        ...podsNamed(name, random.int(5)),
      },
    };
    onAcknowledged(await client.create(DEPLOYMENTS, deployment as New<Deployment>));
  }

  async #scale(): Promise<void> {
    const workload = this.#draw(this.#workloads());
    if (!workload) return;
    const replicas = this.#options.random.int(8);
    this.#options.note(`user scales ${named(workload)} to ${replicas}`);
    await this.#patch(workload, { spec: { replicas } });
  }

  async #update(): Promise<void> {
    const workload = this.#draw(this.#workloads());
    if (!workload) return;
    const image = `nginx:${1 + this.#options.random.int(4)}`;
    this.#options.note(`user sets the image of ${named(workload)} to ${image}`);
    await this.#patch(workload, { spec: { template: { spec: { containers: [{ name: "main", image }] } } } });
  }

  #workloads(): readonly (Deployment | StatefulSet)[] {
    return [...this.#deployments(), ...this.#statefulSets()];
  }

  async #patch({ kind, metadata }: Deployment | StatefulSet, body: object): Promise<void> {
    const key = { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
    this.#options.onAcknowledged(await this.#options.client.patch(TYPES[kind]!, key, { type: "strategic", body }));
  }

  async #changeConfigMap(): Promise<void> {
    const { random, client, truth, note, onAcknowledged } = this.#options;
    const name = `settings-${random.int(4)}`;
    const known = truth()
      .of("ConfigMap")
      .find(({ metadata }) => metadata.name === name);
    const data = { value: String(random.int(1_000_000)) };
    note(`user ${known ? "changes" : "creates"} ConfigMap ${name}`);
    const key = { namespace: "default", name };
    if (!known) onAcknowledged(await client.create(CONFIG_MAPS, { metadata: key, data }));
    else if (random.int(4) === 0) await client.delete(CONFIG_MAPS, key);
    else onAcknowledged(await client.patch(CONFIG_MAPS, key, { type: "merge", body: { data } }));
  }

  async #createService(): Promise<void> {
    const workload = this.#draw(this.#workloads());
    const { client, truth, note, onAcknowledged, random } = this.#options;
    if (!workload || truth().of("Service").length >= 6) return;
    const { namespace = "" } = workload.metadata;
    const name = `svc-${++this.#created}`;
    const type = random.int(2) === 0 ? "ClusterIP" : "NodePort";
    note(`user creates Service ${namespace}/${name} (${type}) for ${named(workload)}`);
    const selector = workload.spec?.selector?.matchLabels ?? {};
    onAcknowledged(
      await client.create(SERVICES, {
        metadata: { namespace, name },
        spec: { type, selector, ports: [{ port: 80, protocol: "TCP", targetPort: 80 }] },
      }),
    );
  }

  async #deleteSomething(): Promise<void> {
    const { random, client, truth, note } = this.#options;
    const services = truth()
      .of("Service")
      .filter(({ metadata }) => metadata.name?.startsWith("svc-"));
    const victim = this.#draw(random.int(2) === 0 ? services : this.#workloads());
    if (!victim) return;
    const { namespace = "", name = "" } = victim.metadata;
    const propagationPolicy = this.#draw(["Background", "Foreground"] as const)!;
    note(`user deletes ${victim.kind} ${named(victim)} (${propagationPolicy})`);
    await client.delete(TYPES[victim.kind]!, { namespace, name }, { propagationPolicy });
  }

  async #deletePod(): Promise<void> {
    const { random, client, truth, note } = this.#options;
    const pod = this.#draw(truth().of<Pod>("Pod"));
    if (!pod) return;
    const { namespace = "", name = "" } = pod.metadata;
    const force = random.int(4) === 0;
    note(`user deletes Pod ${named(pod)}${force ? " by force" : ""}`);
    await client.delete(PODS, { namespace, name }, force ? { gracePeriodSeconds: 0 } : {});
  }

  async #evictPod(): Promise<void> {
    const { client, truth, note } = this.#options;
    const pod = this.#draw(truth().of<Pod>("Pod"));
    if (!pod) return;
    const { namespace = "", name = "" } = pod.metadata;
    note(`user evicts Pod ${named(pod)}`);
    await client.createSubresource(PODS, { namespace, name }, "eviction", {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace, name },
    });
  }

  async #cordon(unschedulable: boolean): Promise<void> {
    const { client, truth, note } = this.#options;
    const node = this.#draw(truth().of("Node"));
    if (!node) return;
    note(`user ${unschedulable ? "cordons" : "uncordons"} ${named(node)}`);
    const body = { spec: { unschedulable: unschedulable || null } };
    await client.patch(NODES, { namespace: "", name: named(node) }, { type: "merge", body });
  }

  async #makeNamespace(): Promise<void> {
    const { client, note, truth } = this.#options;
    if (truth().of("Namespace").length >= 7) return;
    const name = `team-${++this.#created}`;
    note(`user creates Namespace ${name}`);
    await client.create(NAMESPACES, { metadata: { name } });
  }

  async #deleteNamespace(): Promise<void> {
    const { client, truth, note } = this.#options;
    const namespace = this.#draw(
      truth()
        .of("Namespace")
        .filter(({ metadata }) => metadata.name?.startsWith("team-")),
    );
    if (!namespace) return;
    note(`user deletes Namespace ${named(namespace)}`);
    await client.delete(NAMESPACES, { namespace: "", name: named(namespace) });
  }
}
