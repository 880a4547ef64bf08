import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom } from "#base";
import { selectorFromSet, type Node, type Pod } from "#objects";
import fc from "fast-check";
import { decide, prepareFilters, scoreNodes } from "../decide.ts";
import { PodInfo } from "../model/pod-info.ts";
import { defaultPlugins } from "../plugins/default-plugins.ts";
import { arbitraryNode, arbitraryPod, NAMESPACE_NAMES, NODE_NAMES } from "../testing/arbitraries.ts";
import { refusingPlugins, type PlainWorld } from "../testing/oracle.ts";
import { Snapshot } from "./snapshot.ts";

const plugins = defaultPlugins(({ labels }) => selectorFromSet({ app: labels?.["app"] ?? "none" }));

type Step =
  | { readonly type: "node"; readonly node: Node }
  | { readonly type: "no-node"; readonly name: string }
  | { readonly type: "pod"; readonly pod: Pod; readonly nodeName: string }
  | { readonly type: "no-pod"; readonly uid: string }
  | { readonly type: "namespace"; readonly name: string; readonly team: string | undefined }
  | { readonly type: "ask"; readonly pod: Pod };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: arbitraryNode.map((node) => ({ type: "node" as const, node })) },
  { weight: 1, arbitrary: fc.constantFrom(...NODE_NAMES).map((name) => ({ type: "no-node" as const, name })) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("pod" as const),
      pod: arbitraryPod,
      nodeName: fc.constantFrom(...NODE_NAMES),
    }),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 12 }).map((id) => ({ type: "no-pod" as const, uid: `p${id}` })) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("namespace" as const),
      name: fc.constantFrom(...NAMESPACE_NAMES),
      team: fc.constantFrom("x", undefined),
    }),
  },
  { weight: 6, arbitrary: arbitraryPod.map((pod) => ({ type: "ask" as const, pod })) },
);

/** The same state once more, in the simplest form. */
interface Model {
  readonly nodes: Map<string, Node>;
  readonly pods: Map<string, { readonly pod: Pod; readonly nodeName: string }>;
  readonly namespaces: Map<string, Readonly<Record<string, string>>>;
}

const emptyModel = (): Model => ({ nodes: new Map(), pods: new Map(), namespaces: new Map() });

function apply(one: Step, snapshot: Snapshot, model: Model): void {
  switch (one.type) {
    case "node":
      snapshot.setNode(one.node);
      model.nodes.set(one.node.metadata.name ?? "", one.node);
      return;
    case "no-node":
      snapshot.removeNode(one.name);
      model.nodes.delete(one.name);
      return;
    case "pod":
      snapshot.setPod(new PodInfo(one.pod), one.nodeName);
      model.pods.set(one.pod.metadata.uid ?? "", one);
      return;
    case "no-pod":
      snapshot.removePod(one.uid);
      model.pods.delete(one.uid);
      return;
    case "namespace": {
      const labels: Record<string, string> = one.team ? { team: one.team } : {};
      snapshot.setNamespace(one.name, labels);
      model.namespaces.set(one.name, labels);
      return;
    }
    case "ask":
      return;
  }
}

function rebuilt(model: Model): Snapshot {
  const snapshot = new Snapshot();
  for (const [name, labels] of model.namespaces) snapshot.setNamespace(name, labels);
  for (const node of model.nodes.values()) snapshot.setNode(node);
  for (const { pod, nodeName } of model.pods.values()) snapshot.setPod(new PodInfo(pod), nodeName);
  return snapshot;
}

const plainWorld = (model: Model): PlainWorld => ({
  nodes: [...model.nodes.values()],
  pods: [...model.pods.values()],
  namespaces: model.namespaces,
});

/** What every filter and the scores say of every node. */
function answers(pod: Pod, snapshot: Snapshot): unknown {
  const info = new PodInfo(pod);
  const byName = snapshot.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const refused = plugins.filters.map(({ name, prepare }) => {
    const prepared = prepare(info, snapshot);
    return [name, byName.map((node) => prepared?.filter?.(node)?.reasons)];
  });
  return { nodes: byName.map(({ name }) => name), refused, scores: scoreNodes(info, snapshot, byName, plugins) };
}

const sums = (snapshot: Snapshot) =>
  snapshot.nodes
    .map(({ name, cpu, memory, ephemeral, scalars, scoredCpu, scoredMemory, withPorts, pods }) => ({
      name,
      cpu,
      memory,
      ephemeral,
      scalars,
      scoredCpu,
      scoredMemory,
      withPorts,
      pods: [...pods.keys()].toSorted(),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

test("kept change by change, a snapshot answers like one that is made anew", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const snapshot = new Snapshot();
      const model = emptyModel();
      for (const one of steps) {
        apply(one, snapshot, model);
        if (one.type === "ask") assert.deepEqual(answers(one.pod, snapshot), answers(one.pod, rebuilt(model)));
      }
      assert.deepEqual(sums(snapshot), sums(rebuilt(model)));
    }),
    { numRuns: 200 },
  );
});

test("the filters refuse exactly what the rules, counted by hand, refuse", () => {
  let asked = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const snapshot = new Snapshot();
      const model = emptyModel();
      for (const one of steps) {
        apply(one, snapshot, model);
        if (one.type !== "ask") continue;
        const info = new PodInfo(one.pod);
        for (const node of snapshot.nodes) {
          const actual = plugins.filters
            .filter(({ prepare }) => prepare(info, snapshot)?.filter?.(node))
            .map(({ name }) => name);
          const expected = refusingPlugins(one.pod, node.node!, plainWorld(model));
          assert.deepEqual(actual.toSorted(), [...expected].toSorted());
          asked++;
          if (actual.length > 0) refused++;
        }
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(
    refused > asked / 20 && refused < asked,
    `${refused} of ${asked} were refused: too one-sided to say anything`,
  );
});

test("a pod is placed where the rules allow it, nothing is ever overbooked, and it is refused only when no node will do", () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryNode, { minLength: 1, maxLength: 6 }),
      fc.array(arbitraryPod, { maxLength: 30, size: "max" }),
      (nodes, pods) => {
        const snapshot = new Snapshot();
        const model = emptyModel();
        for (const node of nodes) apply({ type: "node", node }, snapshot, model);
        const random = createRandom(3);
        for (const pod of pods) {
          apply({ type: "no-pod", uid: pod.metadata.uid ?? "" }, snapshot, model);
          const decision = decide(new PodInfo(pod), snapshot, { plugins, random, startIndex: 1 });
          const world = plainWorld(model);
          if (decision.type === "refused") {
            for (const node of world.nodes) assert.notDeepEqual(refusingPlugins(pod, node, world), []);
            continue;
          }
          assert.deepEqual(refusingPlugins(pod, decision.node.node!, world), []);
          apply({ type: "pod", pod, nodeName: decision.node.name }, snapshot, model);
        }
        for (const { cpu, memory, pods: on, scalars, allocatable } of snapshot.nodes) {
          assert.ok(cpu <= allocatable.cpu && memory <= allocatable.memory && on.size <= allocatable.pods);
          for (const [name, used] of scalars) assert.ok(used <= (allocatable.scalars.get(name) ?? 0));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("filters that are made ready change nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), arbitraryPod, (steps, pod) => {
      const snapshot = new Snapshot();
      const model = emptyModel();
      for (const one of steps) apply(one, snapshot, model);
      const before = sums(snapshot);
      prepareFilters(new PodInfo(pod), snapshot, plugins);
      assert.deepEqual(sums(snapshot), before);
    }),
    { numRuns: 30 },
  );
});
