import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { DaemonSet } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { BURST, type DaemonSetStep } from "./changes.ts";
import { planDaemonSet } from "./plan.ts";
import { daemon, daemonSet, node, nodes, NOW, view } from "./testing/objects.ts";

const tell = (step: DaemonSetStep): string => {
  switch (step.type) {
    case "create":
      return `create on ${step.nodes.join(", ")}`;
    case "delete":
      return `delete ${step.pods.map(({ metadata }) => metadata.name).join(", ")}`;
    case "back-off":
      return `back off on ${step.node}`;
    case "event":
      return `tell: ${step.reason}`;
  }
};
const example = transcripts({ plan: planDaemonSet, now: NOW, tell });

const updating = (maxUnavailable: number | string, maxSurge: number | string = 0): DaemonSet =>
  daemonSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable, maxSurge } } });
const noExecute = { key: "k", effect: "NoExecute" };

example(
  "a node without a pod gets one, and one that may not have any loses its own",
  view({
    nodes: [node("n1"), node("n2"), node("n3", { taints: [noExecute] })],
    pods: [daemon("a", "n1"), daemon("c", "n3")],
  }),
  `
  1. create on n2
  2. delete c
  because one pod on each node: 1 to create, 1 to delete
`,
);

example(
  "a pod stays where no new one would be made",
  view({
    nodes: [
      node("n1", { taints: [{ key: "k", effect: "NoSchedule" }] }),
      node("n2", { taints: [{ key: "k", effect: "NoSchedule" }] }),
    ],
    pods: [daemon("a", "n1")],
  }),
  `
  do nothing
  because every node has its pod, of the present template
`,
);

example(
  "nothing is made beside a pod that is on its way out, but beside one that has ended and is held by a finalizer",
  view({
    pods: [
      daemon("a", "n1", { leaving: true }),
      daemon("b", "n2", { leaving: true, phase: "Failed" }),
      daemon("c", "n3"),
    ],
  }),
  `
  1. create on n2
  because one pod on each node: 1 to create, 0 to delete
`,
);

example(
  "of several pods on a node the one that is bound stays, then the oldest, then the first by name",
  view({
    pods: [
      daemon("a", "n1", { unbound: true }),
      daemon("b", "n1", { born: 9 }),
      daemon("c", "n2", { born: 5 }),
      daemon("d", "n2", { born: 4 }),
      daemon("f", "n3"),
      daemon("e", "n3"),
    ],
  }),
  `
  1. delete a, c, f
  because one pod on each node: 0 to create, 3 to delete
`,
);

example(
  "a pod that was never bound goes when its node is gone, a bound one is left alone",
  view({
    nodes: [],
    set: daemonSet({ updateStrategy: { type: "OnDelete" } }),
    pods: [daemon("a", "n1", { unbound: true }), daemon("b", "n2")],
  }),
  `
  1. delete a
  because one pod on each node: 0 to create, 1 to delete
`,
);

example(
  "a failed pod is deleted with a word, and the next failure waits longer",
  view({ nodes: nodes(1), pods: [daemon("a", "n1", { phase: "Failed" })] }),
  `
  1. tell: FailedDaemonPod
  2. back off on n1
  3. delete a
  because one pod on each node: 0 to create, 1 to delete
`,
);

example(
  "a failed pod is left alone during the back-off",
  view({
    nodes: nodes(1),
    pods: [daemon("a", "n1", { phase: "Failed" })],
    backoffs: new Map([["n1", { delayMs: 8000, since: NOW - 3000 }]]),
  }),
  `
  do nothing
  look again in 5 s
  because every node has its pod, of the present template
`,
);

example(
  "surging, no pod is made beside a failed one that waits for its back-off",
  view({
    set: updating(0, 1),
    nodes: nodes(1),
    pods: [daemon("a", "n1", { phase: "Failed" })],
    backoffs: new Map([["n1", { delayMs: 8000, since: NOW - 3000 }]]),
  }),
  `
  do nothing
  look again in 5 s
  because every node has its pod, of the present template
`,
);

example(
  "surging, the next pod does not wait until the last one is gone",
  view({ set: updating(0, 1), nodes: nodes(1), pods: [daemon("a", "n1", { leaving: true })] }),
  `
  1. create on n1
  because one pod on each node: 1 to create, 0 to delete
`,
);

example(
  "an old pod that does not serve is replaced at once, of the others as many as the limit allows",
  view({
    set: updating(2),
    nodes: nodes(5),
    pods: [
      daemon("a", "n1", { old: true }),
      daemon("b", "n2", { old: true }),
      daemon("c", "n3", { old: true, ready: undefined }),
      daemon("d", "n4", { old: true }),
      daemon("e", "n5"),
    ],
  }),
  `
  1. delete c, a
  because 4 of 5 nodes are to be updated: 0 to create, 2 to delete
`,
);

example(
  "an update halts while new pods do not serve",
  view({
    pods: [daemon("a", "n1", { ready: undefined }), daemon("b", "n2", { old: true }), daemon("c", "n3", { old: true })],
  }),
  `
  do nothing
  because 2 of 3 nodes are to be updated: 0 to create, 0 to delete
`,
);

example(
  "a new pod serves only after minReadySeconds",
  view({
    set: daemonSet({ minReadySeconds: 60 }),
    nodes: nodes(2),
    pods: [daemon("a", "n1", { ready: 59 }), daemon("b", "n2", { old: true })],
  }),
  `
  do nothing
  because 1 of 2 nodes are to be updated: 0 to create, 0 to delete
`,
);

example(
  "without any limit one node at a time goes without",
  view({ set: updating(0), pods: [1, 2, 3].map((at) => daemon(`p${at}`, `n${at}`, { old: true })) }),
  `
  1. delete p1
  because 3 of 3 nodes are to be updated: 0 to create, 1 to delete
`,
);

example(
  "percentages are of the nodes that should run a pod, and rounded up",
  view({
    set: updating("34%"),
    nodes: [...nodes(3), node("out", { taints: [noExecute] })],
    pods: [1, 2, 3].map((at) => daemon(`p${at}`, `n${at}`, { old: true })),
  }),
  `
  1. delete p1, p2
  because 3 of 3 nodes are to be updated: 0 to create, 2 to delete
`,
);

example(
  "with OnDelete nothing is replaced",
  view({
    set: daemonSet({ updateStrategy: { type: "OnDelete" } }),
    nodes: nodes(1),
    pods: [daemon("a", "n1", { old: true })],
  }),
  `
  do nothing
  because every node has its pod, and old ones are updated when they are deleted
`,
);

example(
  "a pod with the number of the template is of it, whatever its hash",
  view({ nodes: nodes(1), pods: [daemon("a", "n1")], hash: "another" }),
  `
  do nothing
  because every node has its pod, of the present template
`,
);

example(
  "surging, a new pod is made beside what does not serve, and beside as many others as the limit allows",
  view({
    set: updating(0, 1),
    nodes: nodes(4),
    pods: [
      daemon("a", "n1", { old: true }),
      daemon("b", "n2", { old: true }),
      daemon("c", "n3", { old: true, ready: undefined }),
      daemon("d", "n4"),
    ],
  }),
  `
  1. create on n3, n1
  because 3 of 4 nodes are to be updated: 2 to create, 0 to delete
`,
);

example(
  "surging, the old pod goes when the new one serves or when it does not serve itself",
  view({
    set: updating(0, 3),
    pods: [
      daemon("a1", "n1", { old: true }),
      daemon("a2", "n1"),
      daemon("b1", "n2", { old: true, ready: undefined }),
      daemon("b2", "n2", { ready: undefined }),
      daemon("c1", "n3", { old: true }),
      daemon("c2", "n3", { ready: undefined }),
    ],
  }),
  `
  1. delete a1, b1
  because one pod on each node: 0 to create, 2 to delete
`,
);

// Found by the properties of rollouts.
example(
  "surging, of two old pods on a node the one that serves stays, though it is the younger",
  view({
    set: updating(0, 1),
    nodes: nodes(1),
    pods: [daemon("a", "n1", { old: true, ready: undefined, born: 1 }), daemon("b", "n1", { old: true, born: 2 })],
  }),
  `
  1. delete a
  because one pod on each node: 0 to create, 1 to delete
`,
);

example(
  "surging, a pod on a node that should have none any more goes once enough others serve",
  view({
    set: updating(0, 1),
    nodes: [node("n1"), node("n2", { taints: [{ key: "k", effect: "NoSchedule" }] })],
    pods: [daemon("a", "n1"), daemon("b", "n2", { old: true })],
  }),
  `
  1. delete b
  because 1 of 2 nodes are to be updated: 0 to create, 1 to delete
`,
);

example(
  "surging, a pod on a node that should have none any more stays while it is needed",
  view({
    set: updating(0, 1),
    nodes: [node("n1"), node("n2", { taints: [{ key: "k", effect: "NoSchedule" }] })],
    pods: [daemon("a", "n1", { ready: undefined }), daemon("b", "n2", { old: true })],
  }),
  `
  do nothing
  because 1 of 2 nodes are to be updated: 0 to create, 0 to delete
`,
);

test("no more than a burst is created or deleted in one sync", () => {
  const { steps } = planDaemonSet(view({ nodes: nodes(BURST + 5) }), NOW);
  assert.deepEqual(
    steps.map((step) => step.type === "create" && step.nodes.length),
    [BURST],
  );
});
