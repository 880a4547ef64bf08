import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { STATEFUL_SETS, type ControllerRevision, type Int64, type PodTemplateSpec } from "#objects";
import { byNumber, newRevision, presentRevision, sameData, surplusRevisions, templateOf } from "./revisions.ts";

const HASH = "controller.kubernetes.io/hash";
const templateWith = (image: string): PodTemplateSpec => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image }] },
});
const revisedWith = (template: PodTemplateSpec, collisionCount = 0) => ({
  object: {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "web", namespace: "default", uid: "set-1", annotations: { "kubernetes.io/change-cause": "why" } },
  },
  type: STATEFUL_SETS,
  template,
  hashLabel: HASH,
  collisionCount,
});
const stored = (image: string, revision: Int64, more: Partial<ControllerRevision["metadata"]> = {}) => {
  const made = newRevision(revisedWith(templateWith(image)), revision);
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    ...made,
    metadata: { ...made.metadata, ...more },
  } as ControllerRevision;
};

test("a revision holds the template as a patch that puts it back, and has labels, cause and owner", () => {
  const { metadata, data, revision } = newRevision(revisedWith(templateWith("nginx")), 3);
  const hash = metadata.labels?.[HASH] ?? "";
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.equal(metadata.name, `web-${hash}`);
  assert.equal(revision, 3);
  assert.deepEqual(data, {
    spec: {
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "c", image: "nginx" }] },
        $patch: "replace",
      },
    },
  });
  assert.deepEqual(metadata.labels, { app: "web", [HASH]: hash });
  assert.deepEqual(metadata.annotations, { "kubernetes.io/change-cause": "why" });
  assert.equal(metadata.ownerReferences?.[0]?.uid, "set-1");
  assert.deepEqual(templateOf({ data }), templateWith("nginx"));
});

test("the hash is FNV-1 over the sorted JSON that Go writes, and the number of collisions", () => {
  const nameOf = (args: string[], collisionCount: number) => {
    const template: PodTemplateSpec = { spec: { containers: [{ name: "c", args }] } };
    return newRevision(revisedWith(template, collisionCount), 1).metadata.name;
  };
  // By Go's hash/fnv New32 over {"spec":{"template":{"$patch":"replace","spec":{"containers":[{"args":["a\u003cb"],"name":"c"}]}}}}.
  assert.equal(nameOf(["a<b"], 0), "web-7886cb998b");
  assert.equal(nameOf(["a<b"], 1), "web-7886cb998c");
});

test("the data has sorted keys at every depth, as kubectl compares its bytes", () => {
  const template: PodTemplateSpec = {
    spec: { containers: [{ name: "c", image: "nginx" }] },
    metadata: { labels: { b: "2", a: "1" } },
  };
  assert.equal(
    JSON.stringify(newRevision(revisedWith(template), 1).data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},"spec":{"containers":[{"image":"nginx","name":"c"}]}}}}',
  );
});

test("a name that leaves no room for the hash is cut", () => {
  const revised = revisedWith(templateWith("nginx"));
  const object = { ...revised.object, metadata: { ...revised.object.metadata, name: "x".repeat(253) } };
  assert.match(newRevision({ ...revised, object }, 1).metadata.name ?? "", /^x{223}-[a-z0-9]{1,10}$/);
});

test("what is empty in one revision and absent in the other makes no difference, the order of keys neither", () => {
  const data = { spec: { template: { spec: { containers: [{ image: "nginx", name: "c" }] }, $patch: "replace" } } };
  const upstream = {
    spec: {
      template: {
        $patch: "replace",
        metadata: { creationTimestamp: null, labels: {} },
        spec: { containers: [{ name: "c", image: "nginx", resources: {} }] },
      },
    },
  };
  assert.ok(sameData({ data }, { data: upstream }));
  assert.ok(
    !sameData({ data }, { data: { spec: { template: { ...data.spec.template, metadata: { labels: { a: "b" } } } } } }),
  );
});

test("data that holds no template gives none", () => {
  for (const data of [undefined, null, {}, { spec: {} }, { spec: { template: null } }]) {
    assert.equal(templateOf({ data }), undefined);
  }
});

test("the first template gets revision 1, a new one the next number", () => {
  const first = presentRevision(revisedWith(templateWith("a")), []);
  assert.ok("step" in first && first.step.type === "create-revision");
  assert.equal(first.step.revision.revision, 1);
  const next = presentRevision(revisedWith(templateWith("c")), [stored("a", 1), stored("b", 7)]);
  assert.ok("step" in next && next.step.type === "create-revision");
  assert.equal(next.step.revision.revision, 8);
});

test("a template that the newest revision holds changes nothing, one that an older holds raises it", () => {
  const [a, b] = [stored("a", 1), stored("b", 2)];
  assert.deepEqual(presentRevision(revisedWith(templateWith("b")), [a, b]), { revision: b });
  assert.deepEqual(presentRevision(revisedWith(templateWith("a")), [a, b]), {
    step: { type: "raise-revision", revision: a, to: 3 },
  });
});

test("numbers beyond 2^53 are counted exactly", () => {
  const found = presentRevision(revisedWith(templateWith("b")), [stored("a", 9007199254740993n)]);
  assert.ok("step" in found && found.step.type === "create-revision");
  assert.equal(found.step.revision.revision, 9007199254740994n);
});

test("revisions are sorted by number, then by age, then by name", () => {
  const at = (second: number) => ({ creationTimestamp: `2026-01-01T00:00:0${second}Z` });
  const sorted = [
    stored("a", 1, { name: "z", ...at(5) }),
    stored("a", 2, { name: "y", ...at(1) }),
    stored("a", 2, { name: "a", ...at(2) }),
    stored("a", 2, { name: "b", ...at(2) }),
  ];
  assert.deepEqual(sorted.toReversed().toSorted(byNumber), sorted);
});

test("the history keeps what is live and as many others as the limit says, the newest; a negative limit keeps all", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(50)),
      fc.integer({ min: -1, max: 8 }),
      fc.func(fc.boolean()),
      (numbers, limit, isLive) => {
        const revisions = numbers.map((number) => stored("a", number, { name: `web-${number}` })).toSorted(byNumber);
        const live = new Set(revisions.map(({ metadata }) => metadata.name!).filter((name) => isLive(name)));
        const surplus = new Set(surplusRevisions(revisions, live, limit));
        const kept = revisions.filter((revision) => !surplus.has(revision));
        const others = kept.filter(({ metadata }) => !live.has(metadata.name!));
        assert.ok([...surplus].every(({ metadata }) => !live.has(metadata.name!)));
        if (limit < 0) assert.equal(surplus.size, 0);
        else assert.equal(others.length, Math.min(limit, revisions.length - live.size));
        const oldest = others[0]?.revision ?? Infinity;
        assert.ok([...surplus].every(({ revision }) => revision < oldest));
      },
    ),
  );
});
