import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { prepareFilters } from "../decide.ts";
import { PodInfo } from "../model/pod-info.ts";
import { defaultPlugins } from "../plugins/default-plugins.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { arbitraryNode, arbitraryPod } from "../testing/arbitraries.ts";
import { makePod } from "../testing/objects.ts";
import { Nominations } from "./nominations.ts";
import { isCandidate, selectVictims } from "./victims.ts";

const plugins = defaultPlugins(() => undefined);

/** Pods whose filters only ever refuse more when more pods are there: for the others no set is the smallest. */
const monotone = arbitraryPod.map(({ metadata, spec, ...rest }) => {
  const { topologySpreadConstraints: _, affinity, ...others } = spec!;
  const podAntiAffinity = affinity?.podAntiAffinity;
  return { ...rest, metadata, spec: { ...others, ...(podAntiAffinity ? { affinity: { podAntiAffinity } } : {}) } };
});

function fits(pod: PodInfo, node: NodeInfo, snapshot: Snapshot): boolean {
  const prepared = prepareFilters(pod, snapshot, plugins);
  return "test" in prepared && prepared.test(node) === undefined;
}

test("victims are of lower priority, none of them could have been spared, and looking changes nothing", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(arbitraryNode, { minLength: 1, maxLength: 3, size: "max" }),
      fc.array(fc.tuple(monotone, fc.integer({ min: -5, max: 5 })), { minLength: 5, maxLength: 20, size: "max" }),
      monotone,
      (nodes, placed, { spec, ...incoming }) => {
        const snapshot = new Snapshot();
        for (const node of nodes) snapshot.setNode(node);
        for (const [i, [pod, priority]] of placed.entries()) {
          const there = { ...pod, spec: { ...pod.spec, priority } };
          snapshot.setPod(new PodInfo(there), nodes[i % nodes.length]!.metadata.name ?? "");
        }
        const pod = new PodInfo({
          ...incoming,
          metadata: { ...incoming.metadata, uid: "new" },
          spec: { ...spec, priority: 3 },
        });
        const view = { snapshot, plugins, nominations: new Nominations(), budgets: [] };
        for (const node of snapshot.nodes) {
          const before = [...node.pods.keys()].toSorted();
          const result = selectVictims(pod, node, view);
          assert.deepEqual([...node.pods.keys()].toSorted(), before);
          if (!isCandidate(result)) {
            // Then not even an empty node would do, as far as the pod may empty it.
            const lower = [...node.pods.values()].filter(({ priority }) => priority < 3);
            for (const { uid } of lower) snapshot.removePod(uid);
            assert.ok(lower.length === 0 || !fits(pod, node, snapshot));
            for (const one of lower) snapshot.setPod(one, node.name);
            continue;
          }
          const { victims } = result;
          for (const victim of victims) {
            assert.ok(victim.priority < 3);
            snapshot.removePod(victim.uid);
          }
          assert.ok(fits(pod, node, snapshot));
          for (const victim of victims) {
            found++;
            snapshot.setPod(victim, node.name);
            assert.ok(!fits(pod, node, snapshot), `${victim.key} need not go`);
            snapshot.removePod(victim.uid);
          }
          for (const victim of victims) snapshot.setPod(victim, node.name);
        }
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(found > 100);
});

test("of the pods of a node the least important go first", () => {
  const snapshot = new Snapshot();
  snapshot.setNode({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "a" },
    status: { allocatable: { cpu: "4", pods: "10" } },
  });
  for (const [name, priority, startTime] of [
    ["old", 1, "2026-01-01T00:00:00Z"],
    ["young", 1, "2026-01-02T00:00:00Z"],
    ["high", 2, "2026-01-03T00:00:00Z"],
    ["not-started", 1, undefined],
  ] as const) {
    const pod = makePod(name, {
      requests: { cpu: "1" },
      spec: { priority },
      ...(startTime ? { status: { startTime } } : {}),
    });
    snapshot.setPod(new PodInfo(pod), "a");
  }
  const pod = new PodInfo(makePod("new", { requests: { cpu: "2" }, spec: { priority: 10 } }));
  const result = selectVictims(pod, snapshot.node("a")!, {
    snapshot,
    plugins,
    nominations: new Nominations(),
    budgets: [],
  });
  assert.ok(isCandidate(result));
  assert.deepEqual(
    result.victims.map((victim) => victim.pod.metadata.name),
    ["young", "not-started"],
  );
});
