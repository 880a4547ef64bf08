import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import {
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  forbiddenError,
  NODES,
  PODS,
  type DaemonSet,
  type Pod,
  type Taint,
} from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { daemonSetController } from "./controller.ts";
import { targetNode } from "./pod.ts";
import { daemonSet } from "./testing/objects.ts";

const KEY = { namespace: "default", name: "agent" };

const addNode = (w: Pick<TestWorld, "client">, name: string, labels: Record<string, string> = {}) =>
  w.client.create(NODES, { metadata: { name, labels } });

/** A world with nodes n1, n2, … and the set on them, every pod running and ready. */
async function world(nodes: number, spec: Partial<NonNullable<DaemonSet["spec"]>> = {}): Promise<TestWorld> {
  const w = await createTestWorld([daemonSetController], async (client) => {
    for (let at = 1; at <= nodes; at++) await addNode({ client }, `n${at}`);
  });
  const { metadata, spec: whole } = daemonSet(spec);
  await w.client.create(DAEMON_SETS, { metadata: { ...KEY, annotations: metadata.annotations! }, spec: whole! });
  await run(w);
  return w;
}

const live = (w: TestWorld): Pod[] =>
  w.client.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const onNodes = (w: TestWorld) =>
  live(w)
    .map((pod) => targetNode(pod) ?? "none")
    .toSorted();
const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name ?? "").toSorted();
const status = (w: TestWorld) => w.client.all(DAEMON_SETS)[0]?.status;

/** The scheduler binds what it can, the kubelets run and end what they should, until nothing changes. */
async function run(w: TestWorld, ready: (pod: Pod) => boolean = () => true): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await w.settle();
    for (const pod of w.client.all(PODS)) {
      if (pod.metadata.deletionTimestamp !== undefined) w.kubelet.kill(pod);
      else if (pod.status?.phase === undefined) {
        const nodeName = targetNode(pod);
        if (nodeName !== undefined) w.kubelet.run({ ...pod, spec: { ...pod.spec!, nodeName } }, ready(pod));
      }
    }
  }
}

const setImage = (w: TestWorld, image: string) =>
  w.client.edit(DAEMON_SETS, KEY, (draft) => {
    const { spec, metadata } = draft as unknown as { spec: Draft; metadata: { annotations: Record<string, string> } };
    spec.template.spec.containers[0]!.image = image;
    const generation = Number(metadata.annotations["deprecated.daemonset.template.generation"]) + 1;
    metadata.annotations["deprecated.daemonset.template.generation"] = String(generation);
  });
interface Draft {
  template: { spec: { containers: { image: string }[] } };
}

const taint = (w: TestWorld, name: string, ...taints: Taint[]) =>
  w.client.edit(NODES, { namespace: "", name }, (draft) => {
    draft.spec = { taints };
  });

describe("the DaemonSet controller", () => {
  test("makes one pod for each node, with the node in its affinity, the tolerations and labels of daemons, and an Event", async () => {
    await using w = await world(2);
    assert.deepEqual(onNodes(w), ["n1", "n2"]);
    const [pod] = live(w);
    assert.match(pod!.metadata.name ?? "", /^agent-[a-z0-9]{5}$/);
    const [revision] = w.client.all(CONTROLLER_REVISIONS);
    assert.deepEqual(pod!.metadata.labels, {
      app: "agent",
      "controller-revision-hash": revision!.metadata.labels!["controller-revision-hash"],
      "pod-template-generation": "2",
    });
    assert.equal(pod!.metadata.ownerReferences?.[0]?.kind, "DaemonSet");
    assert.equal(pod!.spec?.tolerations?.length, 6);
    assert.deepEqual(
      w.events().toSorted(),
      live(w)
        .map(({ metadata }) => `Normal SuccessfulCreate Created pod: ${metadata.name}`)
        .toSorted(),
    );
    assert.deepEqual(status(w), {
      currentNumberScheduled: 2,
      numberMisscheduled: 0,
      desiredNumberScheduled: 2,
      numberReady: 2,
      observedGeneration: 1,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
    });
  });

  test("gives a new node its pod, and makes a deleted pod anew", async () => {
    await using w = await world(2);
    await addNode(w, "n3");
    await run(w);
    assert.deepEqual(onNodes(w), ["n1", "n2", "n3"]);
    await w.client.delete(PODS, { namespace: "default", name: live(w)[0]!.metadata.name! });
    await run(w);
    assert.deepEqual(onNodes(w), ["n1", "n2", "n3"]);
    assert.equal(status(w)?.numberAvailable, 3);
  });

  test("follows the labels of nodes, and its own node selector", async () => {
    const { template } = daemonSet().spec!;
    await using w = await world(2, {
      template: { ...template, spec: { ...template.spec!, nodeSelector: { color: "blue" } } },
    });
    assert.deepEqual(onNodes(w), []);
    const paint = (color: string) =>
      w.client.edit(NODES, { namespace: "", name: "n2" }, (draft) => void (draft.metadata.labels = { color }));
    paint("blue");
    await run(w);
    assert.deepEqual(onNodes(w), ["n2"]);
    paint("green");
    await run(w);
    assert.deepEqual(onNodes(w), []);
    w.client.edit(DAEMON_SETS, KEY, (draft) => {
      const { spec } = draft as unknown as { spec: { template: { spec: { nodeSelector: object } } } };
      spec.template.spec.nodeSelector = { color: "green" };
    });
    await run(w);
    assert.deepEqual(onNodes(w), ["n2"]);
  });

  test("leaves a pod where a taint keeps new ones away, counted as misscheduled, and takes it from where none may run", async () => {
    await using w = await world(2);
    taint(w, "n1", { key: "k", effect: "NoSchedule" });
    await run(w);
    assert.deepEqual(onNodes(w), ["n1", "n2"]);
    assert.deepEqual([status(w)?.desiredNumberScheduled, status(w)?.numberMisscheduled], [1, 1]);
    taint(w, "n1", { key: "k", effect: "NoExecute" });
    await run(w);
    assert.deepEqual(onNodes(w), ["n2"]);
    assert.equal(status(w)?.numberMisscheduled, 0);
    taint(w, "n1");
    await run(w);
    assert.deepEqual(onNodes(w), ["n1", "n2"]);
  });

  test("does not look at sets when a node only reports its status", async () => {
    await using w = await world(3);
    const before = w.client.writes.length;
    const events: string[] = [];
    w.client.before = (verb, { kind }) => void events.push(`${verb} ${kind}`);
    w.client.edit(NODES, { namespace: "", name: "n1" }, (draft) => {
      draft.status = { conditions: [{ type: "Ready", status: "False" }] };
    });
    await w.settle(1000);
    assert.deepEqual(events, []);
    assert.equal(w.client.writes.length, before);
  });

  test("deletes a pod that was never bound when its node is gone, and leaves bound ones to the garbage collector", async () => {
    await using w = await world(1);
    await addNode(w, "n2");
    await w.settle();
    assert.equal(live(w).length, 2);
    w.client.remove(NODES, { namespace: "", name: "n1" });
    w.client.remove(NODES, { namespace: "", name: "n2" });
    await w.settle();
    assert.deepEqual(onNodes(w), ["n1"]);
    assert.equal(status(w)?.desiredNumberScheduled, 0);
  });

  test("replaces a failed pod at once, the next one after a second, and then ever later", async () => {
    await using w = await world(1);
    const lives: number[] = [];
    for (let at = 0; at < 5; at++) {
      const [pod] = live(w);
      w.kubelet.finish(pod!, "Failed");
      const since = w.clock.now();
      while (live(w).some(({ metadata }) => metadata.uid === pod!.metadata.uid)) await w.settle(50);
      lives.push(Math.round((w.clock.now() - since) / 1000));
      for (const other of w.client.all(PODS)) if (other.metadata.deletionTimestamp !== undefined) w.kubelet.kill(other);
      await w.settle(0);
      const fresh = live(w)[0]!;
      w.kubelet.run({ ...fresh, spec: { ...fresh.spec!, nodeName: "n1" } }, true);
    }
    assert.deepEqual(lives, [0, 1, 2, 4, 8]);
    const failures = w.events().filter((event) => event.startsWith("Warning FailedDaemonPod"));
    assert.match(
      failures[0]!,
      /^Warning FailedDaemonPod Found failed daemon pod default\/agent-\w{5} on node n1, will try to kill it$/,
    );
  });

  test("replaces a pod that has ended well, and says so", async () => {
    await using w = await world(1);
    const [pod] = live(w);
    w.kubelet.finish(pod!, "Succeeded");
    await run(w);
    assert.equal(live(w)[0]?.status?.phase, "Running");
    const name = `default/${pod!.metadata.name}`;
    assert.ok(
      w
        .events()
        .includes(`Normal SucceededDaemonPod Found succeeded daemon pod ${name} on node n1, will try to delete it`),
    );
  });

  test("updates node by node, and a roll-back restarts only what was changed", async () => {
    await using w = await world(4);
    const first = namesOf(live(w));
    setImage(w, "broken");
    await run(w, (pod) => pod.spec?.containers[0]?.image !== "broken");
    assert.equal(live(w).filter(({ spec }) => spec?.containers[0]?.image === "broken").length, 1, "one node at a time");
    const kept = namesOf(live(w)).filter((name) => first.includes(name));
    assert.equal(kept.length, 3);
    setImage(w, "agent");
    await run(w);
    assert.equal(status(w)?.updatedNumberScheduled, 4);
    assert.equal(status(w)?.numberAvailable, 4);
    for (const name of kept) assert.ok(namesOf(live(w)).includes(name), "the pods that were good run on");
    assert.deepEqual(
      w.client
        .all(CONTROLLER_REVISIONS)
        .map(({ revision }) => String(revision))
        .toSorted(),
      ["2", "3"],
      "the revision of the first template is used again",
    );
  });

  test("with OnDelete old pods are replaced when a client deletes them", async () => {
    await using w = await world(2, { updateStrategy: { type: "OnDelete" } });
    setImage(w, "next");
    await run(w);
    assert.equal(status(w)?.updatedNumberScheduled ?? 0, 0);
    await w.client.delete(PODS, { namespace: "default", name: live(w)[0]!.metadata.name! });
    await run(w);
    assert.equal(status(w)?.updatedNumberScheduled, 1);
  });

  test("with surge the new pod serves before the old one goes", async () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    await using w = await world(3, { updateStrategy: { type: "RollingUpdate", rollingUpdate } });
    const first = namesOf(live(w));
    setImage(w, "next");
    await run(w, (pod) => pod.spec?.containers[0]?.image !== "next");
    assert.equal(live(w).length, 4, "one more");
    for (const name of first) assert.ok(namesOf(live(w)).includes(name));
    for (const pod of live(w)) w.kubelet.setReady(pod, true);
    await run(w);
    assert.deepEqual(onNodes(w), ["n1", "n2", "n3"]);
    assert.equal(status(w)?.updatedNumberScheduled, 3);
  });

  test("keeps as many old revisions as the limit says", async () => {
    await using w = await world(1, { revisionHistoryLimit: 2 });
    for (const image of ["a", "b", "c", "d"]) {
      setImage(w, image);
      await run(w);
    }
    const numbers = w.client.all(CONTROLLER_REVISIONS).map(({ revision }) => Number(revision));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [3, 4, 5],
    );
  });

  test("adopts pods that it selects, and deletes those that are too many on a node but the oldest", async () => {
    await using w = await world(1);
    const { name } = live(w)[0]!.metadata;
    await w.clock.advance(5000);
    await w.client.create(PODS, {
      metadata: { namespace: "default", name: "stray", labels: { app: "agent" } },
      spec: { containers: [{ name: "c" }], nodeName: "n1" },
    });
    await w.settle();
    assert.deepEqual(namesOf(live(w)), [name]);
    assert.ok(w.events().includes("Normal SuccessfulDelete Deleted pod: stray"));
  });

  test("lets go of a pod whose labels it does not select any more, and makes another", async () => {
    await using w = await world(1);
    const { name } = live(w)[0]!.metadata;
    w.client.edit(
      PODS,
      { namespace: "default", name: name! },
      (draft) => void (draft.metadata.labels = { app: "free" }),
    );
    await run(w);
    assert.equal(live(w).length, 2);
    assert.equal(
      w.client.all(PODS).find(({ metadata }) => metadata.name === name)?.metadata.ownerReferences?.length ?? 0,
      0,
    );
  });

  test("creates slowly where creating fails, says why, and tells its status all the same", async () => {
    await using w = await createTestWorld([daemonSetController], async (client) => {
      for (let at = 1; at <= 20; at++) await addNode({ client }, `n${at}`);
    });
    let refused = 0;
    w.client.before = (verb, type) => {
      if (verb !== "create" || type.kind !== "Pod") return;
      refused++;
      throw forbiddenError(PODS, "agent-x", "exceeded quota");
    };
    await w.client.create(DAEMON_SETS, { metadata: KEY, spec: daemonSet().spec! });
    await w.settle(3);
    assert.ok(refused <= 2, "each sync tries one, not twenty: at first, and when it has told its status");
    assert.equal(status(w)?.desiredNumberScheduled, 20);
    await w.settle(1000);
    assert.match(w.events()[0] ?? "", /^Warning FailedCreate Error creating: .*exceeded quota/);
  });

  test("makes at most 250 pods at a time, and never two for a node", async () => {
    await using w = await world(600);
    assert.equal(live(w).length, 600);
    assert.equal(new Set(onNodes(w)).size, 600);
    assert.equal(w.client.writes.filter((write) => write.startsWith("create pods")).length, 600);
  });

  test("a set that is being deleted, or that selects everything, makes nothing", async () => {
    await using w = await createTestWorld([daemonSetController], (client) => addNode({ client }, "n1"));
    const spec = { ...daemonSet().spec!, selector: {} };
    await w.client.create(DAEMON_SETS, { metadata: KEY, spec });
    await w.settle();
    assert.deepEqual(live(w), []);
    assert.deepEqual(w.events(), [
      "Warning SelectingAll This daemon set is selecting all pods. A non-empty selector is required.",
    ]);
    await w.client.create(DAEMON_SETS, {
      metadata: { namespace: "default", name: "going", finalizers: ["x/y"] },
      spec: daemonSet().spec!,
    });
    await w.client.delete(DAEMON_SETS, { namespace: "default", name: "going" });
    await w.settle();
    const made = live(w).length;
    await addNode(w, "n2");
    await w.settle();
    assert.equal(live(w).length, made);
  });
});
