import { strict as assert } from "node:assert";
import { test } from "node:test";
import { NAMESPACES, NODES, PODS, type AnyDraft, type Node, type Pod } from "#objects";
import fc from "fast-check";
import { arbitraryNode, arbitraryPod, NAMESPACE_NAMES, NODE_NAMES } from "./testing/arbitraries.ts";
import { refusingPlugins } from "./testing/oracle.ts";
import { createSchedulerWorld, type SchedulerWorld } from "./testing/world.ts";

type Step =
  | { readonly type: "node"; readonly node: Node }
  | { readonly type: "no-node"; readonly name: string }
  | { readonly type: "pod"; readonly pod: Pod }
  | { readonly type: "no-pod"; readonly id: string }
  | { readonly type: "relabel"; readonly id: string; readonly app: string }
  | { readonly type: "namespace"; readonly name: string; readonly team: string };

const id = fc.integer({ min: 0, max: 12 }).map((n) => `p${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: arbitraryNode.map((node) => ({ type: "node" as const, node })) },
  { weight: 1, arbitrary: fc.constantFrom(...NODE_NAMES).map((name) => ({ type: "no-node" as const, name })) },
  { weight: 9, arbitrary: arbitraryPod.map((pod) => ({ type: "pod" as const, pod })) },
  { weight: 3, arbitrary: id.map((one) => ({ type: "no-pod" as const, id: one })) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("relabel" as const), id, app: fc.constantFrom("a", "b", "c") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("namespace" as const),
      name: fc.constantFrom(...NAMESPACE_NAMES),
      team: fc.constantFrom("x", "y"),
    }),
  },
);

/** Nobody is more important than others here, and nobody is being deleted. */
const equal = ({ metadata, spec, ...rest }: Pod): Pod => {
  const { deletionTimestamp: _, ...plain } = metadata;
  return { ...rest, metadata: { ...plain, uid: `${plain.uid}-${uids++}` }, spec: { ...spec!, priority: 0 } };
};
let uids = 0;

const find = <T extends { readonly metadata: { readonly name?: string } }>(all: readonly T[], name: string) =>
  all.find(({ metadata }) => metadata.name === name);

async function apply(one: Step, { client }: SchedulerWorld): Promise<void> {
  const key = (pod: Pod) => ({ namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" });
  switch (one.type) {
    case "node": {
      const { node } = one;
      const name = node.metadata.name ?? "";
      if (!find(client.all(NODES), name)) await client.create(NODES, node);
      else {
        client.edit(NODES, { namespace: "", name }, (draft: AnyDraft) => {
          draft.metadata.labels = { ...node.metadata.labels };
          draft["spec"] = node.spec;
          draft["status"] = node.status;
        });
      }
      return;
    }
    case "no-node":
      if (find(client.all(NODES), one.name)) client.remove(NODES, { namespace: "", name: one.name });
      return;
    case "pod":
      if (!find(client.all(PODS), one.pod.metadata.name ?? "")) await client.create(PODS, equal(one.pod));
      return;
    case "no-pod": {
      const pod = find(client.all(PODS), one.id);
      if (pod) client.remove(PODS, key(pod));
      return;
    }
    case "relabel": {
      const pod = find(client.all(PODS), one.id);
      if (pod) client.edit(PODS, key(pod), (draft) => void (draft.metadata.labels = { app: one.app }));
      return;
    }
    case "namespace":
      client.edit(NAMESPACES, { namespace: "", name: one.name }, (draft) => {
        draft.metadata.labels = { team: one.team };
      });
      return;
  }
}

test("a pod that some node could take does not wait for longer than its back-off", async () => {
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      await using world = await createSchedulerWorld();
      for (const name of NAMESPACE_NAMES) await world.client.create(NAMESPACES, { metadata: { name } });
      for (const one of steps) {
        await apply(one, world);
        await world.settle(one.type === "pod" ? 10 : 12_000);
        const pods = world.client.all(PODS);
        const placed = pods.flatMap((pod) => (pod.spec?.nodeName ? [{ pod, nodeName: pod.spec.nodeName }] : []));
        const namespaces = new Map(
          world.client.all(NAMESPACES).map(({ metadata }) => [metadata.name ?? "", metadata.labels ?? {}]),
        );
        const nodes = world.client.all(NODES);
        if (one.type === "pod") continue;
        for (const pod of pods) {
          if (pod.spec?.nodeName) continue;
          waited++;
          for (const node of nodes) {
            const refusing = refusingPlugins(pod, node, { nodes, pods: placed, namespaces });
            assert.notDeepEqual(refusing, [], `${pod.metadata.name} could be on ${node.metadata.name}`);
          }
        }
      }
    }),
    { numRuns: 2500 },
  );
  assert.ok(waited > 100);
});
