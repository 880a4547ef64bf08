import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  DEPLOYMENTS,
  forbiddenError,
  PODS,
  REPLICA_SETS,
  type Deployment,
  type DeploymentSpec,
  type ReplicaSet,
} from "#objects";
import { replicaSetController } from "../replica-set/controller.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { deploymentController } from "./controller.ts";
import { newReplicaSetName } from "./revision.ts";
import { DEFAULT_SPEC, templateOf } from "./testing/simulated-rollout.ts";

const KEY = { namespace: "default", name: "web" };
const world = () => createTestWorld([deploymentController, replicaSetController]);

async function create(w: TestWorld, more: Partial<DeploymentSpec> = {}, annotations: Record<string, string> = {}) {
  await w.client.create(DEPLOYMENTS, {
    metadata: { ...KEY, annotations },
    spec: {
      ...DEFAULT_SPEC,
      ...more,
    },
  });
  await w.settle();
}

const deployment = (w: TestWorld): Deployment => w.client.all(DEPLOYMENTS)[0]!;
const edit = (w: TestWorld, spec: Partial<DeploymentSpec>) =>
  w.client.edit(DEPLOYMENTS, KEY, (draft) => {
    draft.spec = { ...(draft.spec as object), ...spec };
  });
const setOf = (w: TestWorld, version: number): ReplicaSet | undefined =>
  w.client.all(REPLICA_SETS).find(({ spec }) => spec?.template?.spec?.containers[0]?.image === `web:${version}`);
const progressing = (w: TestWorld) => deployment(w).status?.conditions?.find(({ type }) => type === "Progressing");

/** Pods start and end until nothing changes any more. */
async function roll(w: TestWorld): Promise<void> {
  for (let revision = -1; revision !== w.client.revision;) {
    revision = w.client.revision;
    w.kubelet.settle();
    await w.settle();
  }
}

test("a new Deployment gets a ReplicaSet named by the hash of its template, and pods of it", async () => {
  await using w = await world();
  await create(
    w,
    {},
    { "kubernetes.io/change-cause": "first", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
  );
  const [set] = w.client.all(REPLICA_SETS);
  const hash = set?.metadata.labels?.["pod-template-hash"] ?? "";
  assert.equal(set?.metadata.name, `web-${hash}`);
  assert.equal(set?.metadata.name, newReplicaSetName(deployment(w)));
  assert.deepEqual(set?.spec?.selector.matchLabels, { app: "web", "pod-template-hash": hash });
  assert.deepEqual(set?.spec?.template?.metadata?.labels, { app: "web", "pod-template-hash": hash });
  assert.deepEqual(set?.metadata.annotations, {
    "kubernetes.io/change-cause": "first",
    "deployment.kubernetes.io/revision": "1",
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
  });
  assert.equal(deployment(w).metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  const pods = w.client.all(PODS);
  assert.equal(pods.length, 3);
  for (const pod of pods) assert.ok(pod.metadata.name?.startsWith(`${set?.metadata.name}-`));
  assert.ok(w.events().includes(`Normal ScalingReplicaSet Scaled up replica set ${set?.metadata.name} from 0 to 3`));
  assert.equal(progressing(w)?.reason, "ReplicaSetUpdated");
});

test("the status tells how far it has come", async () => {
  await using w = await world();
  await create(w);
  assert.equal(deployment(w).status?.unavailableReplicas, 3);
  await roll(w);
  const { conditions = [], ...figures } = deployment(w).status ?? {};
  assert.deepEqual(figures, {
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
  });
  assert.deepEqual(
    conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
    [
      "Available=True MinimumReplicasAvailable: Deployment has minimum availability.",
      `Progressing=True NewReplicaSetAvailable: ReplicaSet "${setOf(w, 1)?.metadata.name}" has successfully progressed.`,
    ],
  );
});

test("a new template rolls out step by step, and an old revision is used again when it comes back", async () => {
  await using w = await world();
  await create(w);
  await roll(w);
  edit(w, { template: templateOf(2) });
  await roll(w);
  assert.equal(setOf(w, 2)?.spec?.replicas, 3);
  assert.equal(setOf(w, 1)?.spec?.replicas, 0);
  assert.equal(setOf(w, 2)?.metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
  const [one, two] = [setOf(w, 1)?.metadata.name, setOf(w, 2)?.metadata.name];
  assert.deepEqual(
    w.events().filter((event) => event.includes("ScalingReplicaSet")),
    [
      `Scaled up replica set ${one} from 0 to 3`,
      `Scaled up replica set ${two} from 0 to 1`,
      `Scaled down replica set ${one} from 3 to 2`,
      `Scaled up replica set ${two} from 1 to 2`,
      `Scaled down replica set ${one} from 2 to 1`,
      `Scaled up replica set ${two} from 2 to 3`,
      `Scaled down replica set ${one} from 1 to 0`,
    ].map((text) => `Normal ScalingReplicaSet ${text}`),
  );

  edit(w, { template: templateOf(1) });
  await roll(w);
  assert.equal(w.client.all(REPLICA_SETS).length, 2);
  assert.equal(setOf(w, 1)?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  assert.equal(setOf(w, 1)?.metadata.annotations?.["deployment.kubernetes.io/revision-history"], "1");
  assert.equal(deployment(w).metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
});

test("old ReplicaSets beyond the history limit are deleted once the rollout is complete", async () => {
  await using w = await world();
  await create(w, { revisionHistoryLimit: 1 });
  for (const version of [2, 3, 4]) {
    await roll(w);
    edit(w, { template: templateOf(version) });
  }
  await roll(w);
  assert.deepEqual(
    w.client.all(REPLICA_SETS).map(({ spec }) => spec?.template?.spec?.containers[0]?.image),
    ["web:3", "web:4"],
  );
});

test("Recreate ends every old pod before it starts a new one", async () => {
  await using w = await world();
  await create(w, { strategy: { type: "Recreate" } });
  await roll(w);
  edit(w, { template: templateOf(2) });
  await w.settle();
  assert.equal(setOf(w, 2), undefined);
  const terminating = w.client.all(PODS);
  assert.equal(terminating.length, 3);
  for (const pod of terminating.slice(1)) w.kubelet.kill(pod);
  await w.settle();
  assert.equal(setOf(w, 2), undefined, "one old pod is still there");
  w.kubelet.kill(terminating[0]!);
  await w.settle();
  assert.equal(setOf(w, 2)?.spec?.replicas, 3);
  assert.equal(w.client.all(PODS).length, 3);
});

test("a rollout that does not progress fails at its deadline, while the old version keeps serving", async () => {
  await using w = await world();
  await create(w, { progressDeadlineSeconds: 30 });
  await roll(w);
  edit(w, { template: templateOf(2) });
  await w.settle();
  for (const pod of w.client.all(PODS)) if (!pod.status?.phase) w.kubelet.run(pod, false);
  await w.settle();
  assert.equal(progressing(w)?.reason, "ReplicaSetUpdated");
  await w.settle(35_000);
  const condition = progressing(w);
  assert.equal(condition?.status, "False");
  assert.equal(condition?.reason, "ProgressDeadlineExceeded");
  assert.equal(condition?.message, `ReplicaSet "${setOf(w, 2)?.metadata.name}" has timed out progressing.`);
  assert.equal(deployment(w).status?.availableReplicas, 3);
  assert.equal(setOf(w, 1)?.spec?.replicas, 3);
});

test("pausing holds the rollout, scaling goes on in proportion, and resuming finishes it", async () => {
  await using w = await world();
  await create(w, {
    replicas: 10,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
  });
  await roll(w);
  edit(w, { template: templateOf(2) });
  await w.settle();
  edit(w, { paused: true });
  await w.settle();
  assert.equal(progressing(w)?.reason, "DeploymentPaused");
  assert.deepEqual([setOf(w, 1)?.spec?.replicas, setOf(w, 2)?.spec?.replicas], [8, 5]);
  await w.settle();
  edit(w, { replicas: 20 });
  await w.settle();
  // 23 pods may be there: 8/13 and 5/13 of them.
  assert.deepEqual([setOf(w, 1)?.spec?.replicas, setOf(w, 2)?.spec?.replicas], [14, 9]);
  edit(w, { paused: false });
  await w.settle();
  await roll(w);
  assert.deepEqual([setOf(w, 1)?.spec?.replicas, setOf(w, 2)?.spec?.replicas], [0, 20]);
  assert.equal(progressing(w)?.reason, "NewReplicaSetAvailable");
});

test("a rollover scales the set in between down as well", async () => {
  await using w = await world();
  await create(w);
  await roll(w);
  edit(w, { template: templateOf(2) });
  await w.settle();
  edit(w, { template: templateOf(3) });
  await roll(w);
  assert.deepEqual(
    [1, 2, 3].map((version) => setOf(w, version)?.spec?.replicas),
    [0, 0, 3],
  );
});

test("a set of the same name but another template counts as a collision, and the next hash is tried", async () => {
  await using w = await world();
  const template = templateOf(1);
  const name = newReplicaSetName({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { selector: {}, template },
  });
  await w.client.create(REPLICA_SETS, {
    metadata: { namespace: "default", name },
    spec: { replicas: 0, selector: { matchLabels: { app: "other" } }, template: templateOf(9) },
  });
  await create(w);
  assert.equal(deployment(w).status?.collisionCount, 1);
  assert.equal(w.client.all(REPLICA_SETS).length, 2);
  assert.notEqual(setOf(w, 1)?.metadata.name, name);
  assert.equal(w.client.all(PODS).length, 3);
});

test("a ReplicaSet with its labels and template is adopted instead of created", async () => {
  await using w = await world();
  await w.client.create(REPLICA_SETS, {
    metadata: { namespace: "default", name: "mine", labels: { app: "web" } },
    spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template: templateOf(1) },
  });
  await create(w);
  const [set, ...others] = w.client.all(REPLICA_SETS);
  assert.deepEqual(others, []);
  assert.equal(set?.metadata.ownerReferences?.[0]?.uid, deployment(w).metadata.uid);
  assert.equal(set?.spec?.replicas, 3);
});

test("revisions have 64 bits", async () => {
  await using w = await world();
  const adopted = (name: string, template: number, revision: string) =>
    w.client.create(REPLICA_SETS, {
      metadata: {
        namespace: "default",
        name,
        labels: { app: "web" },
        annotations: { "deployment.kubernetes.io/revision": revision },
      },
      spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template: templateOf(template) },
    });
  await adopted("mine", 2, "3546343826724305832");
  await adopted("beyond", 3, "99999999999999999999");
  await create(w);
  await roll(w);
  assert.equal(deployment(w).metadata.annotations?.["deployment.kubernetes.io/revision"], "3546343826724305833");
});

test("what stops a ReplicaSet from creating pods shows on the Deployment", async () => {
  await using w = await world();
  w.client.before = (verb, type) => {
    if (verb === "create" && type === PODS) throw forbiddenError(PODS, "web-x", "exceeded quota");
  };
  await create(w);
  const failure = deployment(w).status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  assert.equal(failure?.reason, "FailedCreate");
  assert.equal(failure?.message, 'pods "web-x" is forbidden: exceeded quota');
});

test("a ReplicaSet that cannot be created shows as the reason that nothing progresses", async () => {
  await using w = await world();
  w.client.before = (verb, type) => {
    if (verb === "create" && type === REPLICA_SETS) throw forbiddenError(REPLICA_SETS, "", "no");
  };
  await create(w);
  assert.equal(progressing(w)?.reason, "ReplicaSetCreateError");
  assert.equal(progressing(w)?.status, "False");
  w.client.before = undefined;
  await w.settle(5000);
  await roll(w);
  assert.equal(progressing(w)?.reason, "NewReplicaSetAvailable");
});

test("a Deployment at rest is left alone", async () => {
  await using w = await world();
  await create(w);
  await roll(w);
  const { revision } = w.client;
  await w.settle(3_600_000);
  assert.equal(w.client.revision, revision);
});
