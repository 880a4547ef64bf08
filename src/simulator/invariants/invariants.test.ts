import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, KubeObject } from "#objects";
import { createMemoryStore } from "#store/memory";
import { createVirtualClock } from "#base";
import { unreached } from "../convergence.ts";
import { followTruth, Truth } from "../truth.ts";
import { watchProblem } from "../watcher.ts";
import { addressesAreUnique } from "./addresses.ts";
import { daemonsAreAlone } from "./daemons.ts";
import { endpointsHaveBeenReady } from "./endpoints.ts";
import type { Invariant } from "./invariant.ts";
import { jobsCountTheirPods } from "./jobs.ts";
import { identityIsKept } from "./metadata.ts";
import { podsMoveForward } from "./pods.ts";
import { boundsOf, rolloutsKeepTheirBounds } from "./rollouts.ts";
import { volumesHaveOneClaim } from "./volumes.ts";

const encoder = new TextEncoder();

/** Commits objects to a store, in this order, and collects what the invariant says of each. */
async function told(invariant: Invariant, objects: readonly object[]): Promise<(string | undefined)[]> {
  const said: (string | undefined)[] = [];
  await truthOf(objects, (truth) => {
    const change = truth.log.at(-1)!;
    said.push(invariant.check(change, truth));
  });
  return said;
}

async function truthOf(objects: readonly object[], each: (truth: Truth) => void = () => {}): Promise<Truth> {
  const store = createMemoryStore({ clock: createVirtualClock() });
  const truth = new Truth();
  await followTruth(truth, store, () => each(truth));
  for (const object of objects as readonly KubeObject[]) {
    const key = `/registry/${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    await store.commit({
      expect: [],
      writes: [{ type: "put", key, value: encoder.encode(JSON.stringify(object)) }],
    });
  }
  await store.close();
  return truth;
}

const pod = (name: string, { spec = {}, status = {}, ...metadata }: Record<string, object | string> = {}) => ({
  kind: "Pod",
  metadata: { namespace: "default", name, uid: name, ...metadata },
  spec,
  status,
});
const service = (name: string, clusterIP: string, nodePort?: number) => ({
  kind: "Service",
  metadata: { namespace: "default", name, uid: name },
  spec: { clusterIPs: [clusterIP], ports: [{ port: 80, ...(nodePort ? { nodePort } : {}) }] },
});
const owned = (kind: string, name: string, owner: string, rest: object) => ({
  kind,
  metadata: { namespace: "default", name, uid: name, ownerReferences: [{ uid: owner, controller: true }] },
  ...rest,
});
const deployment = (replicas: number, status: object = {}) => ({
  kind: "Deployment",
  metadata: { namespace: "default", name: "web", uid: "web", generation: 1 },
  spec: { replicas, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
  status,
});
const READY = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

test("a Pod that moves, lives again, is no longer deleted or was restarted less often is told", async () => {
  const cases: readonly (readonly [object, object, RegExp])[] = [
    [pod("a", { spec: { nodeName: "n1" } }), pod("a", { spec: { nodeName: "n2" } }), /moved from n1 to n2/],
    [
      pod("a", { status: { phase: "Failed" } }),
      pod("a", { status: { phase: "Running" } }),
      /was Failed and is Running/,
    ],
    [pod("a", { deletionTimestamp: "2026-01-01T00:00:00Z" }), pod("a"), /was being deleted/],
    [
      pod("a", { status: { containerStatuses: [{ name: "main", restartCount: 2 }] } }),
      pod("a", { status: { containerStatuses: [{ name: "main", restartCount: 1 }] } }),
      /restart count of main in Pod default\/a fell from 2 to 1/,
    ],
  ];
  for (const [before, after, expected] of cases) {
    const [first, second] = await told(podsMoveForward(), [before, after]);
    assert.equal(first, undefined);
    assert.match(second ?? "", expected);
  }
  assert.deepEqual(await told(podsMoveForward(), [pod("a"), pod("a", { spec: { nodeName: "n1" } })]), [
    undefined,
    undefined,
  ]);
});

test("an object with another uid, or whose generation fell or did not rise with its spec, is told", async () => {
  const object = (uid: string, generation: number, spec: object = {}) => ({
    kind: "X",
    metadata: { name: "a", uid, generation },
    spec,
  });
  const changed = await told(identityIsKept(), [object("1", 1, { a: 1 }), object("1", 2, { a: 2 }), object("1", 2)]);
  assert.equal(changed[1], undefined);
  assert.match(changed[2] ?? "", /spec of X a changed without a new generation/);
  assert.equal((await told(identityIsKept(), [object("1", 1), object("1", 1, { nodeName: "n" })]))[1], undefined);
  assert.match((await told(identityIsKept(), [object("1", 2), object("2", 2)]))[1] ?? "", /changed its uid/);
  assert.match((await told(identityIsKept(), [object("1", 2), object("1", 1)]))[1] ?? "", /generation .* fell/);
});

test("a Service that leads to a Pod before it was ready is told", async () => {
  const slice = {
    kind: "EndpointSlice",
    metadata: { namespace: "default", name: "svc-1", uid: "slice" },
    endpoints: [{ conditions: { ready: true }, targetRef: { kind: "Pod", name: "a", uid: "a" } }],
  };
  const check = endpointsHaveBeenReady;
  assert.match((await told(check(), [pod("a"), slice]))[1] ?? "", /leads to Pod a, which was never ready/);
  assert.equal((await told(check(), [pod("a", { status: READY }), pod("a"), slice]))[2], undefined);
});

test("two Services with one cluster IP or node port, and two living Pods with one address, are told", async () => {
  const check = addressesAreUnique({ pods: true });
  assert.match(
    (await told(check, [service("a", "10.0.0.1"), service("b", "10.0.0.1")]))[1] ?? "",
    /both have 10.0.0.1/,
  );
  assert.match((await told(check, [service("a", "", 30000), service("b", "", 30000)]))[1] ?? "", /both have TCP 30000/);
  const at = (name: string, phase: string) => pod(name, { status: { phase, podIP: "10.1.0.1" } });
  assert.match((await told(check, [at("a", "Running"), at("b", "Running")]))[1] ?? "", /both have 10.1.0.1/);
  assert.equal((await told(check, [at("a", "Failed"), at("b", "Running")]))[1], undefined);
});

test("a rollout beyond its surge is told, and one that takes too many Pods away in calm weather", async () => {
  const set = (name: string, replicas: number) => owned("ReplicaSet", name, "web", { spec: { replicas } });
  const complete = deployment(2, { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 });
  const beyond = await told(rolloutsKeepTheirBounds({ calm: true }), [deployment(2), set("old", 2), set("new", 2)]);
  assert.match(beyond.at(-1) ?? "", /has 4 replicas, at most 3 are allowed/);

  const ready = (name: string) => owned("Pod", name, "old", { status: READY });
  const gone = (name: string) => owned("Pod", name, "old", { status: { phase: "Running", conditions: [] } });
  const story = [set("old", 2), ready("a"), ready("b"), complete, gone("a"), gone("b")];
  const said = await told(rolloutsKeepTheirBounds({ calm: true }), story);
  assert.deepEqual(said.slice(0, -1), [undefined, undefined, undefined, undefined, undefined]);
  assert.match(said.at(-1) ?? "", /has 0 available Pods, at least 1 are to be kept/);
  assert.equal((await told(rolloutsKeepTheirBounds({ calm: false }), story)).at(-1), undefined);
});

test("a Job that counts twice, loses a Pod, runs too many or runs again is told", async () => {
  const job = (status: object = {}, spec: object = {}) => ({
    kind: "Job",
    metadata: { namespace: "default", name: "pi", uid: "pi", generation: 1 },
    spec: { completions: 2, parallelism: 1, ...spec },
    status,
  });
  const podOf = (name: string, phase: string, { tracked = true, index = "" } = {}) => ({
    kind: "Pod",
    metadata: {
      namespace: "default",
      name,
      uid: name,
      ownerReferences: [{ kind: "Job", uid: "pi", controller: true }],
      ...(tracked ? { finalizers: ["batch.kubernetes.io/job-tracking"] } : {}),
      ...(index === "" ? {} : { annotations: { "batch.kubernetes.io/job-completion-index": index } }),
    },
    spec: {},
    status: { phase },
  });
  const open = { uncountedTerminatedPods: { succeeded: ["a"] } };
  const complete = { conditions: [{ type: "Complete", status: "True" }] };
  const counted = [job(), podOf("a", "Running"), podOf("a", "Succeeded"), job(open)];
  const released = [...counted, podOf("a", "Succeeded", { tracked: false })];
  const last = async (...objects: readonly object[]) => (await told(jobsCountTheirPods(), objects)).at(-1);
  assert.deepEqual(
    (await told(jobsCountTheirPods(), [...released, job({ succeeded: 1 })])).filter((text) => text !== undefined),
    [],
  );
  assert.match((await last(...released, job({ succeeded: 2 }))) ?? "", /counted 2 Pods, of which 1 have ended/);
  assert.match((await last(...released, job())) ?? "", /has lost Pods: 1 have ended, 0 are counted/);
  assert.match((await last(...released, job({ succeeded: 1 }), job(open))) ?? "", /counted 1 Pods, and now 0/);
  const untold = [job(), podOf("a", "Succeeded"), podOf("a", "Succeeded", { tracked: false })];
  assert.match((await last(...untold)) ?? "", /lost its finalizer, and its Job does not tell of it/);
  assert.match((await last(job(), podOf("a", "Running"), podOf("b", "Running"))) ?? "", /runs 2 Pods at once/);
  assert.match((await last(job(complete), job())) ?? "", /had ended and has not any more/);
  assert.match((await last(job(complete), podOf("a", "Running"))) ?? "", /has ended and makes Pod/);
  const wide = job({}, { parallelism: 2 });
  const twins = ["a", "b"].map((name) => podOf(name, "Running", { index: "1" }));
  assert.match((await last(wide, ...twins)) ?? "", /do the same index/);
});

test("bounds are rounded as upstream rounds them: surge up, unavailable down, never both zero", () => {
  const bounds = (replicas: number, rollingUpdate: object) =>
    boundsOf({ spec: { replicas, strategy: { type: "RollingUpdate", rollingUpdate } } } as unknown as Deployment);
  assert.deepEqual(bounds(5, { maxSurge: "25%", maxUnavailable: "25%" }), { least: 4, most: 7 });
  assert.deepEqual(bounds(1, { maxSurge: 0, maxUnavailable: "25%" }), { least: 0, most: 1 });
});

const daemonSet = (maxSurge: number, status: object = {}) => ({
  kind: "DaemonSet",
  metadata: { namespace: "default", name: "agent", uid: "agent", generation: 1 },
  spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 1 - maxSurge, maxSurge } }, template: { spec: {} } },
  status,
});
const node = (name: string) => ({ kind: "Node", metadata: { name, uid: name } });

test("a second live Pod of a DaemonSet on a node is told, or a third one with surge, unless an answer was lost", async () => {
  const on = (name: string, nodeName: string, status: object = READY) =>
    owned("Pod", name, "agent", { spec: { nodeName }, status });
  const story = [on("a", "n1"), on("b", "n2"), on("c", "n1", { phase: "Failed" }), on("d", "n1"), on("e", "n1")];
  const said = (maxSurge: number, unanswered = () => 0) =>
    told(daemonsAreAlone({ calm: false, unanswered }), [daemonSet(maxSurge), ...story]);
  const one = await said(0);
  assert.deepEqual(one.slice(0, 4), [undefined, undefined, undefined, undefined]);
  assert.match(one[4] ?? "", /DaemonSet default\/agent has 2 live Pods on n1, at most 1 are allowed/);
  const two = await said(1);
  assert.equal(two[4], undefined);
  assert.match(two[5] ?? "", /has 3 live Pods on n1, at most 2 are allowed/);
  let lost = 0;
  assert.deepEqual(
    (await said(0, () => lost++)).filter((text) => text),
    [],
  );
});

test("an update of a DaemonSet that takes too many Pods away in calm weather is told", async () => {
  const on = (name: string, nodeName: string) => owned("Pod", name, "agent", { spec: { nodeName }, status: READY });
  const gone = (name: string) => owned("Pod", name, "agent", { status: { phase: "Running", conditions: [] } });
  const status = {
    observedGeneration: 1,
    desiredNumberScheduled: 2,
    numberAvailable: 2,
    updatedNumberScheduled: 2,
  };
  const story = [node("n1"), node("n2"), on("a", "n1"), on("b", "n2"), daemonSet(0, status), gone("a"), gone("b")];
  const said = await told(daemonsAreAlone({ calm: true }), story);
  assert.deepEqual(
    said.slice(0, -1).filter((text) => text),
    [],
  );
  assert.match(said.at(-1) ?? "", /serves on 0 of 2 nodes, 1 may go without/);
  assert.equal((await told(daemonsAreAlone({ calm: false }), story)).at(-1), undefined);
});

test("a watch that lacks, repeats or reorders a revision is told", () => {
  const type = { group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true };
  const record = (seen: number[]) => ({ type, server: "api-1", from: 3, seen, expired: false });
  const log = [2, 4, 5, 7];
  assert.equal(watchProblem(record([4, 5]), log), undefined);
  assert.match(watchProblem(record([4, 7]), log) ?? "", /saw revision 7 where 5 was due/);
  assert.match(watchProblem(record([4, 4]), log) ?? "", /saw revision 4 where 5 was due/);
  assert.match(watchProblem(record([4, 5, 7, 8]), log) ?? "", /saw revision 8 where nothing was due/);
});

test("what is not reached is named: replicas, Pods, endpoints, owners and namespaces", async () => {
  const namespace = { kind: "Namespace", metadata: { name: "default", uid: "ns" } };
  const truth = await truthOf([
    namespace,
    deployment(2, { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
    node("n1"),
    daemonSet(0, { observedGeneration: 1, desiredNumberScheduled: 1, numberMisscheduled: 0 }),
    {
      kind: "StatefulSet",
      metadata: { namespace: "default", name: "db", uid: "db", generation: 1 },
      spec: { replicas: 1, updateStrategy: { type: "RollingUpdate" } },
      status: { observedGeneration: 1, replicas: 1, availableReplicas: 1, updateRevision: "db-2" },
    },
    owned("Pod", "db-0", "db", {
      status: READY,
      metadata: {
        namespace: "default",
        name: "db-0",
        uid: "db-0",
        ownerReferences: [{ uid: "db", controller: true }],
        labels: { "controller-revision-hash": "db-1" },
      },
    }),
    owned("ReplicaSet", "lost", "absent", {}),
    pod("a", { status: { phase: "Pending" } }),
    {
      kind: "Service",
      metadata: { namespace: "default", name: "svc", uid: "svc" },
      spec: { selector: { app: "web" } },
    },
    {
      ...pod("b", { status: { ...READY, podIP: "10.1.0.1" } }),
      metadata: { namespace: "default", name: "b", uid: "b", labels: { app: "web" } },
    },
    { kind: "ConfigMap", metadata: { namespace: "gone", name: "c", uid: "c" } },
  ]);
  assert.deepEqual(unreached(truth), [
    "Deployment default/web wants 2: 1 there, 1 updated, 1 available",
    "StatefulSet default/db wants 1, has db-0",
    "DaemonSet default/agent has Pods on [], it is meant for [n1]",
    'DaemonSet default/agent tells {"observedGeneration":1,"desiredNumberScheduled":1,"numberMisscheduled":0} of 1 nodes',
    "Pod default/a is Pending on no node",
    "Service default/svc leads to [], its ready Pods are [10.1.0.1]",
    "ReplicaSet default/lost has lost its owner",
    "ConfigMap gone/c is in a namespace that is gone",
  ]);
});

test("two claims with one volume are told, and a volume that is taken from its claim", async () => {
  const claim = (name: string, volumeName: string, isComplete = true) => ({
    kind: "PersistentVolumeClaim",
    metadata: {
      namespace: "default",
      name,
      uid: name,
      ...(isComplete ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {}),
    },
    spec: { volumeName },
  });
  const volume = (uid?: string) => ({
    kind: "PersistentVolume",
    metadata: { name: "v", uid: "v" },
    spec: uid === undefined ? {} : { claimRef: { uid } },
  });
  const check = volumesHaveOneClaim;
  assert.match(
    (await told(check(), [claim("a", "v"), claim("b", "v")]))[1] ?? "",
    /default\/b and default\/a both have the volume v/,
  );
  assert.equal((await told(check(), [claim("a", "v"), claim("b", "v", false)]))[1], undefined);
  assert.match((await told(check(), [claim("a", "v"), volume("a"), volume("b")]))[2] ?? "", /taken from default\/a/);
  assert.equal((await told(check(), [claim("a", "w"), volume("a"), volume("b")]))[2], undefined);
});
