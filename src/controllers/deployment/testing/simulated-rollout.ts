import {
  nextGeneration,
  formatTime,
  isPodAvailable,
  isPodTerminating,
  type Deployment,
  type DeploymentSpec,
  type Pod,
  type ReplicaSet,
} from "#objects";
import { planReplicas, planStatus } from "../../replica-set/plan.ts";
import { REVISION } from "../annotations.ts";
import { limitsOf } from "../limits.ts";
import { planDeployment, type DeploymentStep } from "../plan.ts";
import { revisionsOf } from "../revision.ts";
import { sizeOf } from "../sets.ts";

/**
 * A Deployment, its sets and their pods under the real plans, without an API between them: every write is seen
 * at once, but each controller only acts when it is told to, so that any of them may lag behind. For tests.
 */
export class SimulatedRollout {
  deployment: Deployment;
  readonly sets = new Map<string, ReplicaSet>();
  readonly pods = new Map<string, Pod[]>();
  readonly log: string[] = [];
  now = Date.UTC(2026, 0, 1);
  #serial = 0;

  constructor(spec: Partial<NonNullable<Deployment["spec"]>>) {
    this.deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default", uid: "d", generation: 1 },
      spec: {
        ...DEFAULT_SPEC,
        ...spec,
      },
    };
  }

  /** Changes the spec as a user would. */
  edit(change: Partial<NonNullable<Deployment["spec"]>>): void {
    const { metadata, spec } = this.deployment;
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, generation: nextGeneration(metadata.generation ?? 0) },
      spec: { ...spec!, ...change },
    };
  }

  rollTo(version: number): void {
    this.edit({ template: templateOf(version) });
  }

  tick(seconds = 1): void {
    this.now += seconds * 1000;
  }

  /** One sync of the Deployment controller. Returns its steps. */
  syncDeployment(): readonly DeploymentStep[] {
    const plan = planDeployment(
      {
        deployment: this.deployment,
        sets: [...this.sets.values()],
        setsWithPods: new Set([...this.sets.keys()].filter((name) => this.podsOf(this.sets.get(name)!).length > 0)),
      },
      this.now,
    );
    if (plan.steps.length > 0) this.log.push(plan.because);
    for (const step of plan.steps) this.#apply(step);
    return plan.steps;
  }

  /** One sync of the ReplicaSet controller for one set. Returns whether anything changed. */
  syncSet(name: string): boolean {
    const set = this.sets.get(name);
    if (!set) return false;
    const all = this.podsOf(set);
    const active = all.filter(isActive);
    const view = {
      replicas: sizeOf(set),
      minReadySeconds: set.spec?.minReadySeconds ?? 0,
      generation: Number(set.metadata.generation ?? 0),
      deleting: false,
      templateLabels: set.spec?.template?.metadata?.labels ?? {},
      status: set.status,
      active,
      terminating: all.filter(isPodTerminating).length,
      related: this.allPods().filter(isActive),
    };
    const plan = planReplicas(view, this.now);
    const statusPlan = planStatus(view, this.now, undefined);
    for (const { status } of statusPlan.steps) this.sets.set(name, { ...set, status });
    for (const step of plan.steps) {
      if (step.type === "create") for (let n = 0; n < step.count; n++) this.#createPod(set);
      else for (const pod of step.pods) this.#deletePod(pod);
    }
    return plan.steps.length + statusPlan.steps.length > 0;
  }

  setReady(pod: Pod, ready: boolean): void {
    this.#replace(pod, {
      ...pod,
      spec: { containers: [], nodeName: "n1" },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(this.now) }],
      },
    });
  }

  /** The pod vanishes, as when its node dies or a client deletes it by force. */
  lose(pod: Pod): void {
    this.#replace(pod, undefined);
  }

  podsOf(set: ReplicaSet): readonly Pod[] {
    return this.pods.get(set.metadata.uid ?? "") ?? [];
  }

  allPods(): Pod[] {
    return [...this.pods.values()].flat();
  }

  newest(): ReplicaSet | undefined {
    return revisionsOf(this.deployment, [...this.sets.values()]).newest;
  }

  limits() {
    return limitsOf(this.deployment);
  }

  /** Pods that a set has or will have before it is told otherwise, over all sets. */
  potentialPods(): number {
    return this.#sumOfSets((set) => Math.max(sizeOf(set), this.podsOf(set).filter(isActive).length));
  }

  /** Available pods that will be left when every set has come to its size. */
  keptAvailable(): number {
    return this.#sumOfSets((set) => Math.min(sizeOf(set), this.#available(set)));
  }

  /** The same, of those that the sets report: the plan cannot take into account what is not reported yet. */
  knownAvailable(): number {
    return this.#sumOfSets((set) => Math.min(sizeOf(set), this.#available(set), set.status?.availableReplicas ?? 0));
  }

  /** Available pods that sets still report but that have failed since. */
  unnoticedFailures(): number {
    return this.#sumOfSets((set) => Math.max(0, (set.status?.availableReplicas ?? 0) - this.#available(set)));
  }

  #available(set: ReplicaSet): number {
    const seconds = set.spec?.minReadySeconds ?? 0;
    return this.podsOf(set).filter((pod) => isActive(pod) && isPodAvailable(pod, seconds, this.now)).length;
  }

  #sumOfSets(of: (set: ReplicaSet) => number): number {
    let total = 0;
    for (const set of this.sets.values()) total += of(set);
    return total;
  }

  /** One line about everything, for messages of failing tests. */
  describe(): string {
    const sets = [...this.sets.values()].map((set) => {
      const pods = this.podsOf(set);
      return `${set.metadata.name}: size ${sizeOf(set)}, ${pods.filter(isActive).length} pods, ${this.#available(set)} available, status ${JSON.stringify(set.status)}`;
    });
    return [`limits ${JSON.stringify(this.limits())}`, ...sets, `because ${this.log.at(-1)}`].join("\n");
  }

  #apply(step: DeploymentStep): void {
    switch (step.type) {
      case "create-set": {
        const { name } = step.set.metadata;
        this.sets.set(name, {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          ...step.set,
          metadata: {
            ...step.set.metadata,
            uid: `${name}-${++this.#serial}`,
            generation: 1,
            creationTimestamp: formatTime(this.now),
          },
        });
        return;
      }
      case "update-set": {
        const { name = "", generation = 0 } = step.set.metadata;
        const changed = step.from !== step.to;
        this.sets.set(name, {
          ...step.set,
          metadata: { ...step.set.metadata, generation: changed ? nextGeneration(generation) : generation },
        });
        return;
      }
      case "delete-set":
        this.sets.delete(step.set.metadata.name ?? "");
        this.pods.delete(step.set.metadata.uid ?? "");
        return;
      case "update-status": {
        const { metadata } = this.deployment;
        const annotations = { ...metadata.annotations };
        if (step.revision !== undefined) annotations[REVISION] = step.revision;
        this.deployment = { ...this.deployment, metadata: { ...metadata, annotations }, status: step.status };
        return;
      }
      case "event":
        return;
    }
  }

  #createPod(set: ReplicaSet): void {
    const { uid = "", name } = set.metadata;
    const owners = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: name ?? "", uid, controller: true }];
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `${name}-${++this.#serial}`,
        creationTimestamp: formatTime(this.now),
        ownerReferences: owners,
        labels: set.spec?.template?.metadata?.labels ?? {},
      },
      spec: { containers: [] },
      status: { phase: "Pending" },
    };
    const pods = this.pods.get(uid);
    if (pods) pods.push(pod);
    else this.pods.set(uid, [pod]);
  }

  #deletePod(pod: Pod): void {
    if (!pod.spec?.nodeName) this.lose(pod);
    else this.#replace(pod, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: formatTime(this.now) } });
  }

  #replace(pod: Pod, next: Pod | undefined): void {
    const pods = this.pods.get(pod.metadata.ownerReferences?.[0]?.uid ?? "") ?? [];
    const at = pods.indexOf(pod);
    if (at < 0) return;
    if (next) pods[at] = next;
    else pods.splice(at, 1);
  }
}

export const isActive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined;

export const templateOf = (version: number) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image: `web:${version}` }] },
});

/** As the API's defaults have it, three pods of the first version. */
export const DEFAULT_SPEC: DeploymentSpec = {
  replicas: 3,
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
  selector: { matchLabels: { app: "web" } },
  template: templateOf(1),
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
};
