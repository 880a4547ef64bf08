import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { isPodActive, isPodReady, type Node, type Pod } from "#objects";
import type { Backoff } from "./back-off.ts";
import { nextBackoff } from "./back-off.ts";
import { limitsOf } from "./limits.ts";
import { planDaemonSet } from "./plan.ts";
import { placementOf } from "./placement.ts";
import { targetNode } from "./pod.ts";
import { daemon, daemonSet, node, NOW } from "./testing/objects.ts";
import type { DaemonSetView } from "./view.ts";

/** The same cases every time; another seed finds others. */
const RUNS = { numRuns: 300, seed: Number(process.env.SEED ?? 1) };

/** What can happen between two syncs. `which` picks a node or a pod. */
type Happening =
  | { readonly type: "sync" }
  /** All pods come up, and those that leave are gone. */
  | { readonly type: "settle" }
  | { readonly type: "ready" | "unready" | "fail" | "delete" | "kill"; readonly which: number }
  | { readonly type: "taint"; readonly which: number; readonly effect: string | undefined }
  | { readonly type: "add" | "remove" | "stray"; readonly which: number }
  | { readonly type: "roll"; readonly to: number };

const which = fc.nat(20);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { arbitrary: fc.constant<Happening>({ type: "sync" }), weight: 6 },
  { arbitrary: fc.constant<Happening>({ type: "settle" }), weight: 2 },
  fc.record({
    type: fc.constantFrom("ready", "ready", "unready", "fail", "delete", "kill", "kill"),
    which,
  }) as fc.Arbitrary<Happening>,
  fc.record({
    type: fc.constant("taint" as const),
    which,
    effect: fc.constantFrom("NoSchedule", "NoExecute", undefined),
  }),
  fc.record({ type: fc.constantFrom("add" as const, "remove" as const, "stray" as const), which }),
  fc.record({ type: fc.constant("roll" as const), to: fc.nat(3) }),
);
const amount = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("10%", "50%", "100%"));
const world = fc.record({
  nodes: fc.integer({ min: 1, max: 6 }),
  maxUnavailable: amount,
  maxSurge: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: amount, weight: 1 }),
  happenings: fc.array(happening, { maxLength: 60 }),
});

/** A set and its nodes and pods; the controller sees all of it at every sync. */
class Cluster {
  readonly nodes = new Map<string, Node>();
  readonly pods = new Map<string, Pod>();
  readonly backoffs = new Map<string, Backoff>();
  readonly set;
  hash = "t0";
  now = NOW;
  #made = 0;

  constructor(count: number, maxUnavailable: number | string, maxSurge: number | string) {
    for (let at = 0; at < count; at++) this.nodes.set(`n${at}`, node(`n${at}`));
    const { metadata, ...rest } = daemonSet({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable, maxSurge } },
    });
    this.set = { ...rest, metadata: { ...metadata, annotations: {} } };
  }

  view(): DaemonSetView {
    const { set, hash, backoffs } = this;
    return { set, hash, backoffs, nodes: [...this.nodes.values()], pods: [...this.pods.values()] };
  }

  /** Returns whether anything was done. */
  sync(): boolean {
    const { steps } = planDaemonSet(this.view(), this.now);
    for (const step of steps) {
      if (step.type === "create") for (const name of step.nodes) this.create(name);
      if (step.type === "delete") for (const pod of step.pods) this.leave(pod);
      if (step.type === "back-off") this.backoffs.set(step.node, nextBackoff(this.backoffs.get(step.node), this.now));
    }
    return steps.length > 0;
  }

  create(on: string): void {
    const name = `p${++this.#made}`;
    const pod = daemon(name, on, { ready: undefined, born: this.#made });
    const labels = { app: "agent", "controller-revision-hash": this.hash };
    this.pods.set(name, { ...pod, metadata: { ...pod.metadata, labels } });
  }

  /** Returns whether anything changed. */
  settle(): boolean {
    let changed = false;
    for (const pod of this.pods.values()) {
      if (pod.metadata.deletionTimestamp !== undefined) this.pods.delete(pod.metadata.name!);
      else if (isPodActive(pod) && !isPodReady(pod)) this.become(pod, "Running", true);
      else continue;
      changed = true;
    }
    return changed;
  }

  leave(pod: Pod): void {
    this.#put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "1970-01-01T03:00:00Z" } });
  }

  become(pod: Pod, phase: string, ready: boolean): void {
    this.#put({ ...pod, status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } });
  }

  #put(pod: Pod): void {
    this.pods.set(pod.metadata.name!, pod);
  }

  live(): Pod[] {
    return [...this.pods.values()].filter(isPodActive);
  }

  wanted(): string[] {
    const place = placementOf(this.set.spec!.template);
    return [...this.nodes.values()].filter((one) => place(one).shouldRun).map(({ metadata }) => metadata.name!);
  }

  /** Wanted nodes on which a pod serves. */
  served(): number {
    const ready = new Set(this.live().filter(isPodReady).map(targetNode));
    return this.wanted().filter((name) => ready.has(name)).length;
  }

  describe(): string {
    const pods = [...this.pods.values()].map((pod) => {
      const { name, labels, deletionTimestamp } = pod.metadata;
      const state = `${pod.status?.phase}${isPodReady(pod) ? " ready" : ""}${deletionTimestamp ? " leaving" : ""}`;
      return `${name} on ${targetNode(pod)} of ${labels?.["controller-revision-hash"]}: ${state}`;
    });
    return [`wanted on ${this.wanted().join(" ")}, template ${this.hash}`, ...pods].join("\n");
  }
}

function happen(cluster: Cluster, event: Exclude<Happening, { readonly type: "sync" }>): void {
  const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)];
  switch (event.type) {
    case "settle":
      cluster.settle();
      return;
    case "stray": {
      const name = pick([...cluster.nodes.keys()], event.which);
      if (name !== undefined) cluster.create(name);
      return;
    }
    case "ready":
    case "unready": {
      const pod = pick(cluster.live(), event.which);
      if (pod) cluster.become(pod, "Running", event.type === "ready");
      return;
    }
    case "fail": {
      const pod = pick(cluster.live(), event.which);
      if (pod) cluster.become(pod, "Failed", false);
      return;
    }
    case "delete": {
      const pod = pick(cluster.live(), event.which);
      if (pod) cluster.leave(pod);
      return;
    }
    case "kill": {
      const leaving = [...cluster.pods.values()].filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
      cluster.pods.delete(pick(leaving, event.which)?.metadata.name ?? "");
      return;
    }
    case "taint": {
      const { name } = pick([...cluster.nodes.values()], event.which)?.metadata ?? {};
      const taints = event.effect === undefined ? [] : [{ key: "k", effect: event.effect }];
      if (name) cluster.nodes.set(name, node(name, { taints }));
      return;
    }
    case "add":
      cluster.nodes.set(`n${event.which % 8}`, node(`n${event.which % 8}`));
      return;
    case "remove": {
      const { name = "" } = pick([...cluster.nodes.values()], event.which)?.metadata ?? {};
      cluster.nodes.delete(name);
      // The pod garbage collector.
      for (const pod of cluster.pods.values()) if (targetNode(pod) === name) cluster.pods.delete(pod.metadata.name!);
      return;
    }
    case "roll":
      cluster.hash = `t${event.to}`;
  }
}

/** The most live pods on one node. */
const crowd = (cluster: Cluster) =>
  Math.max(0, ...[...Map.groupBy(cluster.live(), targetNode).values()].map((pods) => pods.length));

test("whatever happens, a node has one live pod, or two with surge, and a sync takes no more away than it may", () => {
  fc.assert(
    fc.property(world, ({ nodes, maxUnavailable, maxSurge, happenings }) => {
      const cluster = new Cluster(nodes, maxUnavailable, maxSurge);
      const most = limitsOf(cluster.set, 1).maxSurge > 0 ? 2 : 1;
      for (const event of happenings) {
        cluster.now += 500;
        if (event.type !== "sync") {
          happen(cluster, event);
          continue;
        }
        const [served, crowded] = [cluster.served(), crowd(cluster)];
        cluster.sync();
        assert.ok(crowd(cluster) <= Math.max(most, crowded), `too many on a node\n${cluster.describe()}`);
        // Of pods that are too many the oldest stays, as upstream, whether it serves or not.
        if (crowded > most) continue;
        const desired = cluster.wanted().length;
        const least = desired - limitsOf(cluster.set, desired).maxUnavailable;
        // With surge the new pod serves before the old one goes, and an old one that does not serve is no loss.
        const kept = most === 2 ? served : Math.min(served, least);
        assert.ok(cluster.served() >= kept, `${cluster.served()} serve, ${served} did\n${cluster.describe()}`);
      }
    }),
    RUNS,
  );
});

test("once nothing happens any more, every wanted node has one pod of the present template, and no other has any", () => {
  fc.assert(
    fc.property(world, ({ nodes, maxUnavailable, maxSurge, happenings }) => {
      const cluster = new Cluster(nodes, maxUnavailable, maxSurge);
      for (const event of happenings) {
        cluster.now += 500;
        if (event.type === "sync") cluster.sync();
        else happen(cluster, event);
      }
      for (const name of cluster.nodes.keys()) cluster.nodes.set(name, node(name));
      for (let quiet = 0, rounds = 0; quiet < 3; rounds++) {
        assert.ok(rounds < 300, `does not come to rest\n${cluster.describe()}`);
        cluster.now += 20 * 60_000;
        const synced = cluster.sync();
        const changed = cluster.settle() || synced;
        quiet = changed ? 0 : quiet + 1;
      }
      const pods = [...cluster.pods.values()];
      assert.deepEqual(
        pods.map((pod) => targetNode(pod) ?? "").toSorted(),
        cluster.wanted().toSorted(),
        cluster.describe(),
      );
      for (const { metadata } of pods) assert.equal(metadata.labels?.["controller-revision-hash"], cluster.hash);
    }),
    RUNS,
  );
});
