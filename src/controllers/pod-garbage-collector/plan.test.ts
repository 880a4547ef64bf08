import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node, Pod } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planGarbage, planQuarantine, type GarbageView } from "./plan.ts";

interface Parts {
  readonly phase?: string;
  readonly reason?: string;
  readonly created?: number;
  readonly node?: string;
  readonly deleting?: boolean;
}

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const pod = (name: string, { phase = "Running", reason, created = 0, node, deleting }: Parts = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    generation: 3,
    creationTimestamp: at(created),
    ...(deleting ? { deletionTimestamp: at(0) } : {}),
  },
  spec: { containers: [], ...(node ? { nodeName: node } : {}) },
  status: { phase, ...(reason ? { reason } : {}) },
});

const node = (ready: string, ...taints: string[]): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n" },
  spec: { taints: taints.map((key) => ({ key, effect: "NoExecute" })) },
  status: { conditions: [{ type: "Ready", status: ready }] },
});

const view = (parts: Partial<GarbageView>): GarbageView => ({
  terminated: [],
  deleting: [],
  nodes: new Map(),
  orphaned: [],
  ...parts,
});

const example = transcripts({
  plan: (given: GarbageView, now) => planGarbage(given, now, 2),
  tell({ pod, status, reason }) {
    const conditions = (status?.conditions ?? []).map(({ type, reason: why }) => ` (${type}: ${why})`).join("");
    const said = status ? `, phase ${status.phase} at generation ${status.observedGeneration}${conditions}` : "";
    return `remove ${pod.metadata.name}, ${reason}${said}`;
  },
});

example(
  "as many finished pods as the threshold allows stay",
  view({ terminated: [pod("a", { phase: "Failed" }), pod("b", { phase: "Succeeded" })] }),
  `
  do nothing
  because no pod is in the way
`,
);

example(
  "above the threshold evicted pods go first, then the oldest, of equally old ones by name",
  view({
    terminated: [
      pod("young", { phase: "Failed", created: 9 }),
      pod("old-b", { phase: "Succeeded", created: 1 }),
      pod("old-a", { phase: "Failed", created: 1 }),
      pod("evicted", { phase: "Failed", reason: "Evicted", created: 8 }),
    ],
  }),
  `
  1. remove evicted, terminated
  2. remove old-a, terminated
  because 2 terminated
`,
);

example(
  "the pods of a node that is gone fail because of it, and those at their end just go",
  view({ orphaned: [pod("runs", { node: "n" }), pod("done", { node: "n", phase: "Succeeded" })] }),
  `
  1. remove runs, orphaned, phase Failed at generation 3 (DisruptionTarget: DeletionByPodGC)
  2. remove done, orphaned
  because 2 orphaned
`,
);

example(
  "a pod that is being deleted and never was on a node fails, and goes",
  view({ deleting: [pod("waits", { phase: "Pending", deleting: true })] }),
  `
  1. remove waits, unscheduled, phase Failed at generation 3
  because 1 unscheduled
`,
);

example(
  "a pod that is being deleted goes without its kubelet when its node is out of service",
  view({
    deleting: [pod("stuck", { node: "n", deleting: true })],
    nodes: new Map([["n", node("Unknown", "node.kubernetes.io/out-of-service")]]),
  }),
  `
  1. remove stuck, out-of-service, phase Failed at generation 3
  because 1 out-of-service
`,
);

for (const [title, subject] of [
  ["is ready all the same", node("True", "node.kubernetes.io/out-of-service")],
  ["is only unreachable", node("Unknown", "node.kubernetes.io/unreachable")],
] as const) {
  example(
    `a pod that is being deleted is left to its kubelet when its node ${title}`,
    view({ deleting: [pod("ends", { node: "n", deleting: true })], nodes: new Map([["n", subject]]) }),
    `
    do nothing
    because no pod is in the way
  `,
  );
}

const quarantine = transcripts({
  plan: planQuarantine,
  now: 60_000,
  tell: ({ type, node: name }) => `${type} ${name}`,
});

quarantine(
  "a node that is missing for the first time is waited for, one missing for 40 s is asked for",
  { missing: ["new", "short", "long"], since: new Map(Object.entries({ short: 20_001, long: 20_000 })) },
  `
  1. quarantine new
  2. ask long
  because 3 nodes that pods name are missing
`,
);

quarantine(
  "a node that is back, or that no pod names any more, is forgotten",
  { missing: [], since: new Map([["back", 0]]) },
  `
  1. release back
  because 0 nodes that pods name are missing
`,
);

test("whatever pods there are, each goes once, none above need, and no running pod without a reason", () => {
  const phases = fc.constantFrom("Pending", "Running", "Succeeded", "Failed");
  const pods = fc.array(
    fc.record({
      phase: phases,
      created: fc.nat(5),
      deleting: fc.boolean(),
      node: fc.constantFrom("", "up", "down", "gone"),
    }),
    { maxLength: 12 },
  );
  const nodes = new Map([
    ["up", node("True")],
    ["down", node("False", "node.kubernetes.io/out-of-service")],
  ]);
  fc.assert(
    fc.property(pods, fc.nat(4), (parts, threshold) => {
      const all = parts.map((one, n) => pod(`p${n}`, one));
      const terminated = all.filter(({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed");
      const deleting = all.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
      const orphaned = all.filter(({ spec }) => spec?.nodeName === "gone");
      const { steps } = planGarbage({ terminated, deleting, nodes, orphaned }, 0, threshold);
      const removed = steps.map((step) => step.pod);
      assert.equal(new Set(removed).size, removed.length);
      const left = terminated.filter((one) => !removed.includes(one));
      assert.ok(left.length <= threshold);
      const surplus = Math.max(0, terminated.length - threshold);
      assert.equal(steps.filter(({ reason }) => reason === "terminated").length, surplus);
      for (const one of all) {
        const { nodeName } = one.spec!;
        const isDeleting = one.metadata.deletionTimestamp !== undefined;
        const must = nodeName === "gone" || (isDeleting && nodeName !== "up");
        if (must) assert.ok(removed.includes(one), one.metadata.name);
        else if (!terminated.includes(one)) assert.ok(!removed.includes(one), one.metadata.name);
      }
    }),
  );
});
