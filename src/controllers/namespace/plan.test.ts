import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ApiResource } from "#client";
import { groupResource, type Namespace } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planDeletion, type DeletionView, type Emptied } from "./plan.ts";

const kind = (resource: string, group = ""): ApiResource => ({
  group,
  version: "v1",
  resource,
  kind: resource,
  namespaced: true,
  singular: resource,
  verbs: ["list", "delete", "deletecollection"],
  shortNames: [],
  categories: [],
  subresources: [],
});

const PODS = kind("pods");
const SECRETS = kind("secrets");
const WIDGETS = kind("widgets", "x.io");

const deletedAt = "1970-01-01T00:00:00Z";
const namespace = (finalizers: readonly string[], more: Partial<Namespace> = {}): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", deletionTimestamp: deletedAt },
  spec: { finalizers },
  ...more,
});

const left = (count: number, finalizers: Record<string, number> = {}, graceSeconds = 0): Emptied => ({
  count,
  finalizers,
  graceSeconds,
});

const view = (emptied: Readonly<Record<string, Emptied>>, more: Partial<DeletionView> = {}): DeletionView => ({
  settleMs: 0,
  namespace: namespace(["kubernetes"]),
  kinds: [SECRETS, PODS, WIDGETS],
  unknown: [],
  emptied: new Map(Object.entries(emptied)),
  ...more,
});

const options = {
  plan: planDeletion,
  tell(step: ReturnType<typeof planDeletion>["steps"][number]) {
    switch (step.type) {
      case "empty":
        return `empty ${step.kinds.map(groupResource).join(", ")}`;
      case "set-conditions": {
        const problems = step.conditions.filter(({ status }) => status === "True");
        return `say ${problems.map(({ type, message }) => `${type}: ${message}`).join("; ") || "that all is well"}`;
      }
      case "finalize":
        return `leave the finalizers [${step.finalizers.join()}]`;
    }
  },
};

const example = transcripts({ ...options, now: 10_000 });

example(
  "pods go first",
  view({}),
  `
  1. empty pods
  because 1 kinds are next
`,
);

example(
  "everything else goes once no pod is left",
  view({ pods: left(0) }),
  `
  1. empty secrets, widgets.x.io
  because 2 kinds are next
`,
);

example(
  "nothing else is touched while pods have time to end",
  view({ pods: left(2, {}, 30) }),
  `
  1. say NamespaceContentRemaining: Some resources are remaining: pods. has 2 resource instances
  look again in 2.5 s
  because 1 kinds remain, 0 failed, 0 are not known
`,
);

example(
  "pods that are there after their time are a failure, and still keep everything else",
  view({ pods: left(1, {}, 10) }),
  `
  1. say NamespaceDeletionContentFailure: Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: shop for gvr: /v1, Resource=pods; NamespaceContentRemaining: Some resources are remaining: pods. has 1 resource instances
  look again in 2.5 s
  because 1 kinds remain, 1 failed, 0 are not known
`,
);

example(
  "what waits for a finalizer is no failure, however long it takes",
  view({ pods: left(0), secrets: left(0), "widgets.x.io": left(1, { "x.io/a": 1 }) }),
  `
  1. say NamespaceContentRemaining: Some resources are remaining: widgets.x.io has 1 resource instances; NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: x.io/a in 1 resource instances
  look again in 2.5 s
  because 1 kinds remain, 0 failed, 0 are not known
`,
);

example(
  "pods that could not be deleted are told of, and do not keep the rest",
  view({ pods: { ...left(0), failure: "a webhook says no" } }),
  `
  1. empty secrets, widgets.x.io
  because 2 kinds are next
`,
);

const empty = { pods: left(0), secrets: left(0), "widgets.x.io": left(0) };

example(
  "a namespace that is empty says so and goes",
  view(empty),
  `
  1. say that all is well
  2. leave the finalizers []
  because it is empty
`,
);

example(
  "a namespace stays while a server that has not answered may have content of it",
  view(empty, { unknown: ["y.io/v1"] }),
  `
  1. say NamespaceDeletionDiscoveryFailure: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: y.io/v1: stale GroupVersion discovery: y.io/v1
  look again in 2.5 s
  because 0 kinds remain, 0 failed, 1 are not known
`,
);

example(
  "only our own finalizer is taken out",
  view(empty, { namespace: namespace(["x.io/mine", "kubernetes"]) }),
  `
  1. say that all is well
  2. leave the finalizers [x.io/mine]
  because it is empty
`,
);

example(
  "a namespace that only waits for the finalizers of others is emptied all the same",
  view({}, { namespace: namespace(["x.io/mine"]) }),
  `
  1. empty pods
  because 1 kinds are next
`,
);

example(
  "a namespace without finalizers is done with",
  view({}, { namespace: namespace([]) }),
  `
  do nothing
  because it is finalized
`,
);

example(
  "a namespace that is not being deleted is left alone",
  view({}, { namespace: namespace(["kubernetes"], { metadata: { name: "shop" } }) }),
  `
  do nothing
  because it is not being deleted
`,
);

/** What emptying a kind comes to. */
const outcome: fc.Arbitrary<Emptied> = fc.oneof(
  fc.constant(left(0)),
  fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    finalizers: fc.oneof(fc.constant({}), fc.constant({ "x.io/a": 1 })),
    graceSeconds: fc.nat(60),
  }),
  fc.constant({ ...left(0), failure: "refused" }),
);

test("whatever is in a namespace, pods go before all else, each kind once, and it goes only when nothing is left", () => {
  const outcomes = fc.record({ pods: outcome, secrets: outcome, "widgets.x.io": outcome });
  fc.assert(
    fc.property(outcomes, fc.boolean(), fc.nat(120_000), (found, isKnown, now) => {
      let at = view({}, { unknown: isKnown ? [] : ["y.io/v1"] });
      const order: string[] = [];
      for (;;) {
        const plan = planDeletion(at, now);
        const [first] = plan.steps;
        if (first?.type === "empty") {
          assert.equal(plan.steps.length, 1);
          const names = first.kinds.map(groupResource);
          order.push(...names);
          at = {
            ...at,
            emptied: new Map([...at.emptied, ...names.map((name) => [name, found[name as "pods"]] as const)]),
          };
          continue;
        }
        assert.equal(new Set(order).size, order.length);
        assert.equal(order[0], "pods");
        const podsRemain = found.pods.count > 0;
        assert.equal(order.length, podsRemain ? 1 : 3);
        const seen = order.map((name) => found[name as "pods"]);
        const remains = seen.some(({ count }) => count > 0);
        const goes = !remains && isKnown && seen.every(({ failure }) => failure === undefined);
        assert.equal(
          plan.steps.some(({ type }) => type === "finalize"),
          goes,
        );
        assert.equal(plan.requeueAt === undefined, goes);
        const conditions = plan.steps.flatMap((step) => (step.type === "set-conditions" ? step.conditions : []));
        assert.equal(new Set(conditions.map(({ type }) => type)).size, 5);
        const said = Object.fromEntries(conditions.map(({ type, status }) => [type, status === "True"]));
        assert.equal(said["NamespaceContentRemaining"], remains);
        assert.equal(said["NamespaceDeletionDiscoveryFailure"], !isKnown);
        assert.equal(
          said["NamespaceFinalizersRemaining"],
          seen.some(({ finalizers }) => "x.io/a" in finalizers),
        );
        return;
      }
    }),
  );
});
