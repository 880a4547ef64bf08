import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManagedFieldsEntry } from "../generated/types.ts";
import { deepFreeze, draftOf, type AnyDraft, type KubeObject } from "../object.ts";
import { schemaOf } from "../schema/index.ts";
import { INTEGER, object, STRING, WORKLOAD } from "../test-schemas.ts";
import { recordUpdate, type UpdateRecord } from "./index.ts";

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString().replace(".000Z", "Z");

type Map = Record<string, unknown>;

const workload = (fields: { readonly metadata?: Map; readonly spec?: Map; readonly status?: Map }): AnyDraft =>
  structuredClone({
    apiVersion: "example.io/v1",
    kind: "Workload",
    ...fields,
    metadata: { name: "w", ...fields.metadata },
  });

interface Write extends Partial<UpdateRecord> {
  /** Seconds after the start. */
  readonly seconds?: number;
}

/** Records a write of `draft` over `old`, and gives back the object as it would be stored. */
function write(old: KubeObject | undefined, draft: AnyDraft, options: Write = {}): KubeObject {
  const { seconds = 0, ...rest } = options;
  recordUpdate({
    manager: "m",
    apiVersion: "example.io/v1",
    schema: WORKLOAD,
    ...rest,
    old,
    draft,
    time: START + seconds * 1000,
  });
  return deepFreeze(draft as KubeObject);
}

const update = (old: KubeObject, change: (draft: AnyDraft) => void, options: Write = {}): KubeObject => {
  const draft = draftOf(old) as AnyDraft;
  change(draft);
  return write(old, draft, options);
};

/** Manager and subresource, time and fields of each entry. */
const owners = ({ metadata }: KubeObject) =>
  (metadata.managedFields ?? []).map(({ manager, operation, subresource, time, fieldsV1 }) => [
    `${manager}${subresource ? `/${subresource}` : ""}${operation === "Apply" ? " applies" : ""}`,
    time,
    fieldsV1,
  ]);

const spec = (draft: AnyDraft) => draft["spec"] as Map;

test("the creator of an object owns what is in it, but not what the server fills in", () => {
  const created = write(
    undefined,
    workload({
      metadata: {
        namespace: "d",
        uid: "u",
        generation: 1,
        creationTimestamp: at(0),
        labels: { a: "b" },
        finalizers: ["x"],
      },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: "b" } },
        strategy: { rollingUpdate: { maxSurge: "25%" } },
        containers: [
          { name: "web", image: "i<1", args: ["a"], resources: {}, ports: [{ containerPort: 80 }] },
          { name: "empty", env: [], resources: { limits: { cpu: "1" } } },
        ],
        anything: { a: { b: 1 } },
      },
      status: {},
    }),
    { manager: "kubectl-create" },
  );
  assert.deepEqual(created.metadata.managedFields, [
    {
      manager: "kubectl-create",
      operation: "Update",
      apiVersion: "example.io/v1",
      time: at(0),
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:finalizers": { ".": {}, 'v:"x"': {} }, "f:labels": { ".": {}, "f:a": {} } },
        "f:spec": {
          "f:anything": {},
          // The list always exists, so no manager owns it as such.
          "f:containers": {
            'k:{"name":"empty"}': {
              ".": {},
              "f:env": {},
              "f:name": {},
              "f:resources": { ".": {}, "f:limits": { ".": {}, "f:cpu": {} } },
            },
            'k:{"name":"web"}': {
              ".": {},
              "f:args": {},
              "f:image": {},
              "f:name": {},
              "f:ports": { ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
              "f:resources": {},
            },
          },
          "f:replicas": {},
          "f:selector": {},
          "f:strategy": { "f:rollingUpdate": { ".": {}, "f:maxSurge": {} } },
        },
      },
    },
  ]);
});

test("a Pod made by a controller has the entry that upstream gives it", () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      generateName: "p-",
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "u", controller: true }],
    },
    spec: {
      containers: [{ name: "c", image: "i", resources: {}, terminationMessagePath: "/dev/termination-log" }],
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    },
    status: { phase: "Pending", qosClass: "BestEffort" },
  };
  recordUpdate({
    old: undefined,
    draft: pod as AnyDraft,
    manager: "kube-controller-manager",
    apiVersion: "v1",
    schema: schemaOf("io.k8s.api.core.v1.Pod"),
    reset: [["status"]],
    time: START,
  });
  const [entry] = (pod as KubeObject).metadata.managedFields!;
  assert.equal(
    JSON.stringify(entry),
    `{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"${at(0)}","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"u\\"}":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{}}},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}`,
  );
});

const BASE = () =>
  write(
    undefined,
    workload({ metadata: { labels: { a: "1" } }, spec: { replicas: 1, containers: [{ name: "c", image: "x" }] } }),
    {
      manager: "creator",
    },
  );

test("a manager owns what it changes, and the others lose it", () => {
  const changed = update(BASE(), (draft) => (spec(draft)["replicas"] = 2), { manager: "scaler", seconds: 5 });
  assert.deepEqual(owners(changed), [
    [
      "creator",
      at(0),
      {
        "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
        "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {} } } },
      },
    ],
    ["scaler", at(5), { "f:spec": { "f:replicas": {} } }],
  ]);
});

test("an entry's time moves only when its set may have changed", () => {
  const old = BASE();
  const same = update(old, () => {}, { manager: "other", seconds: 9 });
  assert.equal(same.metadata.managedFields![0], old.metadata.managedFields![0]);
  assert.equal(same.metadata.managedFields!.length, 1);
  // Only something removed: no entry's time moves.
  const removed = update(old, (draft) => delete spec(draft)["replicas"], { manager: "creator", seconds: 9 });
  assert.deepEqual(
    owners(removed).map(([who, time]) => [who, time]),
    [["creator", at(0)]],
  );
  assert.equal(JSON.stringify(owners(removed)).includes("f:replicas"), false);
  // What one owns already and changes again keeps the set and moves the time.
  const again = update(old, (draft) => (spec(draft)["replicas"] = 7), { manager: "creator", seconds: 9 });
  assert.deepEqual(owners(again)[0]!.slice(0, 2), ["creator", at(9)]);
  assert.equal(again.metadata.managedFields![0]!.fieldsV1, old.metadata.managedFields![0]!.fieldsV1);
});

test("an entry without fields goes", () => {
  const scaled = update(BASE(), (draft) => (spec(draft)["replicas"] = 2), { manager: "scaler" });
  const back = update(scaled, (draft) => (spec(draft)["replicas"] = 3), { manager: "other" });
  assert.deepEqual(
    owners(back).map(([who]) => who),
    ["creator", "other"],
  );
});

test("a subresource has entries of its own, and what a request cannot write is not owned", () => {
  const old = BASE();
  const change = (draft: AnyDraft) => {
    draft["status"] = { replicas: 1, conditions: [{ type: "Ready", status: "True" }] };
    spec(draft)["replicas"] = 5;
  };
  const main = update(old, change, { manager: "m", reset: [["status"]] });
  assert.deepEqual(owners(main)[1]![2], { "f:spec": { "f:replicas": {} } });
  const status = update(old, change, { manager: "m", subresource: "status", reset: [["spec"]], seconds: 1 });
  assert.deepEqual(owners(status)[1], [
    "m/status",
    at(1),
    {
      "f:status": {
        "f:conditions": { ".": {}, 'k:{"type":"Ready"}': { ".": {}, "f:status": {}, "f:type": {} } },
        "f:replicas": {},
      },
    },
  ]);
  const { replicas } = { replicas: JSON.stringify(owners(status)[0]).includes('"f:replicas"') };
  assert.equal(replicas, true, "what was reset stays with its owner");
});

test("structures that upstream's types always have are there though they are not written", () => {
  const old = BASE();
  const bare = update(old, (draft) => delete draft["status"]);
  assert.equal(bare.metadata.managedFields![0], old.metadata.managedFields![0]);
  const withEmpty = update(old, (draft) => {
    spec(draft)["strategy"] = {};
    draft["status"] = {};
  });
  assert.equal(owners(withEmpty).length, 1);
});

test("items are owned by their key wherever they stand, duplicates as a whole", () => {
  const two = (...names: string[]) => names.map((name) => ({ name, image: "x" }));
  const old = write(undefined, workload({ spec: { containers: two("a", "b") } }), { manager: "creator" });
  const moved = update(old, (draft) => (spec(draft)["containers"] = two("b", "a")), { manager: "mover" });
  assert.deepEqual(owners(moved), owners(old));
  const doubled = update(old, (draft) => (spec(draft)["containers"] = two("a", "b", "a")), { manager: "doubler" });
  assert.deepEqual(owners(doubled)[1]![2], { "f:spec": { "f:containers": { 'k:{"name":"a"}': {} } } });
});

test("entries are in order of operation, time and manager", () => {
  let current = BASE();
  for (const [seconds, manager] of [
    [3, "b"],
    [2, "z"],
    [3, "a"],
  ] as const) {
    const label = (draft: AnyDraft) => ((draft.metadata.labels as Map)[manager] = "x");
    current = update(current, label, { manager, seconds });
  }
  assert.deepEqual(
    owners(current).map(([who]) => who),
    ["creator", "z", "a", "b"],
  );
});

test("a manager without a name is recorded as unknown", () => {
  assert.equal(
    write(undefined, workload({ spec: { replicas: 1 } }), { manager: "" }).metadata.managedFields![0]!.manager,
    "unknown",
  );
});

test("more than ten managers of updates are one too many: the oldest become ancient-changes", () => {
  let current = BASE();
  for (let i = 1; i <= 12; i++) {
    const label = (draft: AnyDraft) => ((draft.metadata.labels as Map)[`l${i}`] = "x");
    current = update(current, label, { manager: `m${i}`, seconds: i });
  }
  const all = owners(current);
  assert.deepEqual(
    all.map(([who]) => who),
    ["ancient-changes", ...Array.from({ length: 9 }, (_, i) => `m${i + 4}`)],
  );
  assert.equal(all[0]![1], at(3));
  assert.deepEqual((all[0]![2] as { "f:metadata": unknown })["f:metadata"], {
    "f:labels": { ".": {}, "f:a": {}, "f:l1": {}, "f:l2": {}, "f:l3": {} },
  });
});

const OWN: ManagedFieldsEntry = {
  manager: "mine",
  operation: "Update",
  apiVersion: "example.io/v1",
  time: at(0),
  fieldsType: "FieldsV1",
  fieldsV1: { "f:spec": { "f:containers": { 'k:{ "name":"c" }': { "f:image": {} } } } },
};

const withEntries = (old: KubeObject, managedFields: readonly ManagedFieldsEntry[] | undefined, options: Write = {}) =>
  update(old, (draft) => ((draft.metadata as { managedFields?: unknown }).managedFields = managedFields), options);

test("a client may write entries itself", () => {
  const own = withEntries(BASE(), [OWN]);
  assert.deepEqual(own.metadata.managedFields![0]!.fieldsV1, {
    "f:spec": { "f:containers": { 'k:{"name":"c"}': { "f:image": {} } } },
  });
  assert.equal(own.metadata.managedFields!.length, 1);
});

test("entries that are missing or malformed are taken to be left alone, and so are those sent to a subresource", () => {
  const old = BASE();
  assert.deepEqual(withEntries(old, undefined).metadata.managedFields, old.metadata.managedFields);
  const wrong: Partial<ManagedFieldsEntry>[] = [
    { operation: "Delete" },
    { apiVersion: "" },
    { fieldsType: "" },
    { fieldsType: "FieldsV2" },
    { fieldsV1: "x" },
    { fieldsV1: { "k:{": {} } },
  ];
  for (const change of wrong) {
    assert.deepEqual(withEntries(old, [{ ...OWN, ...change }]).metadata.managedFields, old.metadata.managedFields);
  }
  const status = withEntries(old, [OWN], { subresource: "status" });
  assert.deepEqual(status.metadata.managedFields, old.metadata.managedFields);
});

test("an empty list, or one empty entry, resets; what has no entries gets none", () => {
  const old = BASE();
  for (const reset of [[], [{}]] as ManagedFieldsEntry[][]) {
    const bare = withEntries(old, reset);
    assert.equal("managedFields" in bare.metadata, false);
    const changed = update(bare, (draft) => (spec(draft)["replicas"] = 9), { manager: "late" });
    assert.equal("managedFields" in changed.metadata, false);
  }
});

test("entries of other versions are compared in those, and dropped when the version is not served", () => {
  const old = update(BASE(), (draft) => (spec(draft)["replicas"] = 2), {
    manager: "old-client",
    apiVersion: "example.io/v1beta1",
  });
  assert.deepEqual(
    old.metadata.managedFields!.map(({ apiVersion }) => apiVersion),
    ["example.io/v1", "example.io/v1beta1"],
  );
  const beta = object({ spec: object({ count: INTEGER, image: STRING }) });
  const inBeta = (replicas: number) => ({ spec: { count: replicas } });
  const entry: ManagedFieldsEntry = {
    ...OWN,
    apiVersion: "example.io/v1beta1",
    fieldsV1: { "f:spec": { "f:count": {}, "f:image": {} } },
  };
  const given = withEntries(old, [OWN, entry]);
  const options: Write = {
    manager: "m",
    otherVersion: (version) =>
      version === "example.io/v1beta1" ? { schema: beta, old: inBeta(1), current: inBeta(3) } : undefined,
  };
  const changed = update(given, (draft) => (spec(draft)["replicas"] = 3), options);
  assert.deepEqual(
    changed.metadata.managedFields!.find(({ apiVersion }) => apiVersion === "example.io/v1beta1")!.fieldsV1,
    { "f:spec": { "f:image": {} } },
  );
  const gone = update(given, (draft) => (spec(draft)["replicas"] = 3), { manager: "m", otherVersion: () => undefined });
  assert.deepEqual(
    gone.metadata.managedFields!.map(({ apiVersion }) => apiVersion),
    ["example.io/v1", "example.io/v1"],
  );
});

test("objects that are alike share their sets, and entries that are left alone are the same objects", () => {
  const [a, b] = [BASE(), BASE()];
  assert.equal(a.metadata.managedFields![0]!.fieldsV1, b.metadata.managedFields![0]!.fieldsV1);
  const changed = update(a, (draft) => ((draft.metadata.labels as Map)["new"] = "x"), { manager: "other" });
  assert.equal(changed.metadata.managedFields![0], a.metadata.managedFields![0]);
  assert.ok(Object.isFrozen(changed.metadata.managedFields));
});

test("labels may be called anything", () => {
  const labels = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Map;
  const old = write(undefined, workload({ metadata: { labels } }));
  assert.deepEqual(owners(old)[0]![2], {
    "f:metadata": { "f:labels": { ".": {}, "f:__proto__": {}, "f:constructor": {}, "f:toString": {} } },
  });
  const changed = update(old, (draft) => delete (draft.metadata.labels as Map)["constructor"]);
  assert.equal(JSON.stringify(owners(changed)).includes("f:constructor"), false);
});
