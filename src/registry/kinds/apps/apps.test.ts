import assert from "node:assert/strict";
import { test } from "node:test";
import type { DaemonSet, Deployment, Draft, FieldError, KubeObject, ReplicaSet, StatefulSet } from "#objects";
import type { ResourceDefinition, WriteContext } from "../../definition.ts";
import { controllerRevisions } from "./controller-revision.ts";
import { daemonSets } from "./daemon-set.ts";
import { deployments } from "./deployment.ts";
import { replicaSets } from "./replica-set.ts";
import { statefulSets } from "./stateful-set.ts";

const CONTEXT = {} as WriteContext;
const NOW = Date.UTC(2026, 0, 1, 1);
const HOUR_AGO = "2026-01-01T00:00:00Z";

const texts = (errors: readonly FieldError[] = []) => errors.map(({ field, message }) => `${field}: ${message}`);
const cells = (definition: ResourceDefinition, object: KubeObject) =>
  (definition.columns ?? []).map(({ cell }) => cell(object, NOW));

function made<T extends KubeObject>(definition: ResourceDefinition, kind: string, spec: unknown, more: object = {}): T {
  const draft = {
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "web", namespace: "default", creationTimestamp: HOUR_AGO },
    spec: structuredClone(spec),
    ...more,
  } as unknown as Draft<KubeObject>;
  definition.applyDefaults?.(draft);
  return draft as unknown as T;
}
const wrong = (definition: ResourceDefinition, object: KubeObject) => texts(definition.validate?.(object, CONTEXT));
const wrongChange = (definition: ResourceDefinition, object: KubeObject, old: KubeObject) =>
  texts(definition.validateUpdate?.(object, old, CONTEXT));

const SELECTOR = { matchLabels: { app: "web" } };
const TEMPLATE = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "a", image: "nginx:1" }] } };
const DEFAULTED_TEMPLATE = {
  metadata: { labels: { app: "web" } },
  spec: {
    containers: [
      {
        name: "a",
        image: "nginx:1",
        imagePullPolicy: "IfNotPresent",
        resources: {},
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    ],
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  },
};
const SPEC = { selector: SELECTOR, template: TEMPLATE };

test("a Deployment gets upstream's defaults, and Recreate no limits of a rolling update", () => {
  assert.deepEqual(made<Deployment>(deployments, "Deployment", SPEC).spec, {
    progressDeadlineSeconds: 600,
    replicas: 1,
    revisionHistoryLimit: 10,
    selector: SELECTOR,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    template: DEFAULTED_TEMPLATE,
  });
  const recreate = made<Deployment>(deployments, "Deployment", {
    ...SPEC,
    replicas: 0,
    strategy: { type: "Recreate" },
  });
  assert.deepEqual(recreate.spec?.strategy, { type: "Recreate" });
  assert.equal(recreate.spec?.replicas, 0);
});

test("a Deployment's selector, numbers, strategy and template are checked in upstream's words", () => {
  const wrongSpec = (spec: object) => wrong(deployments, made(deployments, "Deployment", spec));
  assert.deepEqual(wrongSpec(SPEC), []);
  assert.deepEqual(wrongSpec({ ...SPEC, selector: { matchLabels: { app: "x" } } }), [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ]);
  assert.deepEqual(wrongSpec({ ...SPEC, selector: {} }), [
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ]);
  assert.deepEqual(
    wrongSpec({
      selector: SELECTOR,
      replicas: -1,
      minReadySeconds: 700,
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } },
      template: {
        ...TEMPLATE,
        spec: { containers: [{ name: "a" }], restartPolicy: "Never", activeDeadlineSeconds: 1 },
      },
    }),
    [
      "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
      "spec.template.spec.containers[0].image: Required value",
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
      "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
    ],
  );
  assert.deepEqual(wrongSpec({ ...SPEC, strategy: { type: "Recreate", rollingUpdate: {} } }), [
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ]);
  assert.deepEqual(wrongSpec({ ...SPEC, strategy: { rollingUpdate: { maxUnavailable: "101%", maxSurge: "x" } } }), [
    "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ]);
});

test("a Deployment's selector is immutable, and a change of its annotations counts as a generation", () => {
  const old = made<Deployment>(deployments, "Deployment", SPEC);
  const other = made<Deployment>(deployments, "Deployment", { ...SPEC, selector: { matchLabels: { a: "b" } } });
  assert.deepEqual(wrongChange(deployments, other, old), [
    'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
  ]);
  const draft = structuredClone({
    ...old,
    metadata: { ...old.metadata, generation: 4, annotations: { a: "b" } },
  }) as Draft<Deployment>;
  deployments.prepareForUpdate?.(draft, { ...old, metadata: { ...old.metadata, generation: 4 } }, CONTEXT);
  assert.equal(draft.metadata.generation, 5);
});

test("a Deployment shows upstream's columns, and its scale has the replicas and selector", () => {
  const object = made<Deployment>(
    deployments,
    "Deployment",
    { ...SPEC, replicas: 3 },
    { status: { replicas: 4, readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 } },
  );
  assert.deepEqual(cells(deployments, object), ["2/3", 1, 2, "60m", "a", "nginx:1", "app=web"]);
  const scale = deployments.subresources?.["scale"];
  assert.ok(scale?.type === "scale");
  assert.deepEqual([scale.replicas(object), scale.currentReplicas(object), scale.selector(object)], [3, 4, SELECTOR]);
});

test("a Deployment's status may not contradict itself, and its collisionCount may not fall", () => {
  const old = made<Deployment>(deployments, "Deployment", SPEC, { status: { collisionCount: 2 } });
  const status = { replicas: 1, readyReplicas: 2, availableReplicas: 3, updatedReplicas: -1, collisionCount: 1 };
  assert.deepEqual(texts(deployments.validateStatusUpdate?.({ ...old, status } as Deployment, old, CONTEXT)), [
    "status.updatedReplicas: Invalid value: -1: must be greater than or equal to 0",
    "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
    "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
    "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
    "status.collisionCount: Invalid value: 1: cannot be decremented",
  ]);
});

test("a ReplicaSet is defaulted and validated, and shows upstream's columns", () => {
  const object = made<ReplicaSet>(replicaSets, "ReplicaSet", SPEC, { status: { replicas: 2, readyReplicas: 1 } });
  assert.deepEqual(object.spec, { replicas: 1, selector: SELECTOR, template: DEFAULTED_TEMPLATE });
  assert.deepEqual(cells(replicaSets, object), [1, 2, 1, "60m", "a", "nginx:1", "app=web"]);
  assert.deepEqual(wrong(replicaSets, object), []);
  assert.deepEqual(wrong(replicaSets, made(replicaSets, "ReplicaSet", { template: TEMPLATE })), [
    "spec.selector: Required value",
  ]);
});

test("a StatefulSet and its claim templates are defaulted and validated, and show upstream's columns", () => {
  const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } };
  const object = made<StatefulSet>(statefulSets, "StatefulSet", { ...SPEC, volumeClaimTemplates: [claim] });
  assert.deepEqual(object.spec, {
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    podManagementPolicy: "OrderedReady",
    replicas: 1,
    revisionHistoryLimit: 10,
    selector: SELECTOR,
    template: DEFAULTED_TEMPLATE,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    volumeClaimTemplates: [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" },
        status: { phase: "Pending" },
      },
    ],
  });
  assert.deepEqual(wrong(statefulSets, object), []);
  assert.deepEqual(cells(statefulSets, { ...object, status: { replicas: 1, readyReplicas: 1 } } as StatefulSet), [
    "1/1",
    "60m",
    "a",
    "nginx:1",
  ]);
  const bad = {
    ...SPEC,
    podManagementPolicy: "X",
    updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } },
  };
  assert.deepEqual(wrong(statefulSets, made(statefulSets, "StatefulSet", bad)), [
    "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'",
    "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'",
  ]);
  const changed = made<StatefulSet>(statefulSets, "StatefulSet", {
    ...SPEC,
    replicas: 5,
    minReadySeconds: 1,
    serviceName: "x",
  });
  assert.deepEqual(wrongChange(statefulSets, changed, made(statefulSets, "StatefulSet", SPEC)), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
});

test("a DaemonSet is defaulted and validated, and shows upstream's columns", () => {
  const template = { ...TEMPLATE, spec: { ...TEMPLATE.spec, nodeSelector: { os: "linux" } } };
  const object = made<DaemonSet>(daemonSets, "DaemonSet", { ...SPEC, template });
  assert.deepEqual(object.spec?.updateStrategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
  });
  assert.equal(object.spec?.revisionHistoryLimit, 10);
  assert.deepEqual(wrong(daemonSets, object), []);
  const status = {
    currentNumberScheduled: 2,
    desiredNumberScheduled: 3,
    numberAvailable: 1,
    numberMisscheduled: 0,
    numberReady: 1,
    updatedNumberScheduled: 2,
  };
  assert.deepEqual(cells(daemonSets, { ...object, status } as DaemonSet), [
    3,
    2,
    1,
    2,
    1,
    "os=linux",
    "60m",
    "a",
    "nginx:1",
    "app=web",
  ]);
  const both = { ...SPEC, updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } };
  assert.deepEqual(wrong(daemonSets, made(daemonSets, "DaemonSet", both)), [
    "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
  ]);
  const draft = structuredClone(object) as Draft<DaemonSet>;
  daemonSets.prepareForCreate?.(draft, CONTEXT);
  assert.equal(draft.metadata.annotations?.["deprecated.daemonset.template.generation"], "1");
  const created = structuredClone(draft) as DaemonSet;
  const changed = structuredClone(draft);
  changed.spec!.template.spec!.containers[0]!.image = "nginx:2";
  daemonSets.prepareForUpdate?.(changed, created, CONTEXT);
  assert.equal(changed.metadata.annotations?.["deprecated.daemonset.template.generation"], "2");
});

test("a ControllerRevision needs data, which is immutable, and shows its controller", () => {
  const revision = (more: object): KubeObject =>
    ({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: "r",
        creationTimestamp: HOUR_AGO,
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "u", controller: true }],
      },
      revision: 3,
      data: {},
      ...more,
    }) as KubeObject;
  assert.deepEqual(cells(controllerRevisions, revision({})), ["daemonset.apps/d", 3, "60m"]);
  assert.deepEqual(wrong(controllerRevisions, revision({ data: undefined, revision: -1 })), [
    "data: Required value: data is mandatory",
    "revision: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(wrongChange(controllerRevisions, revision({ data: { a: 1 } }), revision({})), [
    'data: Invalid value: {"a":1}: field is immutable',
  ]);
});
