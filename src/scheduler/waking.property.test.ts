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

/** A pod that is not being deleted, of the given priority or its own. */
const fresh = ({ metadata, spec, ...rest }: Pod, priority = spec?.priority ?? 0): Pod => {
  const { deletionTimestamp: _, ...plain } = metadata;
  return { ...rest, metadata: { ...plain, uid: `${plain.uid}-${uids++}` }, spec: { ...spec!, priority } };
};
let uids = 0;

const find = <T extends { readonly metadata: { readonly name?: string } }>(all: readonly T[], name: string) =>
  all.find(({ metadata }) => metadata.name === name);

async function apply(one: Step, { client }: SchedulerWorld, priority?: number): Promise<void> {
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
      if (!find(client.all(PODS), one.pod.metadata.name ?? "")) await client.create(PODS, fresh(one.pod, priority));
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

/** Fails when a node could take a pod that waits; returns how many wait. */
function checkWaiting({ client }: SchedulerWorld): number {
  const pods = client.all(PODS);
  const nodes = client.all(NODES);
  const placed = pods.flatMap((pod) => (pod.spec?.nodeName ? [{ pod, nodeName: pod.spec.nodeName }] : []));
  const namespaces = new Map(
    client.all(NAMESPACES).map(({ metadata }) => [metadata.name ?? "", metadata.labels ?? {}]),
  );
  const waiting = pods.filter(({ spec }) => !spec?.nodeName);
  for (const pod of waiting) {
    for (const node of nodes) {
      const refusing = refusingPlugins(pod, node, { nodes, pods: placed, namespaces });
      assert.notDeepEqual(refusing, [], `${pod.metadata.name} could be on ${node.metadata.name}`);
    }
  }
  return waiting.length;
}

async function newWorld(): Promise<SchedulerWorld> {
  const world = await createSchedulerWorld();
  for (const name of NAMESPACE_NAMES) await world.client.create(NAMESPACES, { metadata: { name } });
  return world;
}

const BACK_OFF_MS = 12_000;

test("a pod that some node could take does not wait for longer than its back-off", async () => {
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      await using world = await newWorld();
      for (const one of steps) {
        await apply(one, world, 0);
        if (one.type === "pod") {
          await world.settle(10);
        } else {
          await world.settle(BACK_OFF_MS);
          waited += checkWaiting(world);
        }
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(waited > 100);
});

test("preemption comes to an end: each pod that leaves makes room for a more important one, and none is left waiting that fits", async () => {
  let evicted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      await using world = await newWorld();
      const { client } = world;
      for (const one of steps) {
        await apply(one, world);
        await world.settle(one.type === "pod" ? 10 : BACK_OFF_MS);
      }
      // What is asked to leave leaves.
      for (let rounds = 0; ; rounds++) {
        await world.settle(BACK_OFF_MS);
        const leaving = client.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
        if (leaving.length === 0) break;
        assert.ok(rounds < 40, "there is no end to it");
        for (const { metadata } of leaving) {
          evicted++;
          client.remove(PODS, { namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
        }
      }
      checkWaiting(world);
    }),
    { numRuns: 40 },
  );
  assert.ok(evicted > 0);
});
