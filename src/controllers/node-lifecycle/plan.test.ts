import type { Node, Pod, Taint } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planConsequences, planHealth, planNode, planPods, planRoll, type ConsequencesView } from "./plan.ts";

const NOW = 120_000;
const UNREACHABLE = "node.kubernetes.io/unreachable";
const noExecute = (key: string): Taint => ({ key, effect: "NoExecute" });

const node = (
  name: string,
  ready?: string,
  more: { taints?: Taint[]; labels?: Record<string, string> } = {},
): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  spec: { ...(more.taints ? { taints: more.taints } : {}) },
  status: { conditions: ready === undefined ? [] : [{ type: "Ready", status: ready, lastHeartbeatTime: "t1" }] },
});

const changed = transcripts({
  plan: planNode,
  now: NOW,
  tell(step) {
    if (step.type === "set-taints") return `taint ${step.taints.map(({ key, effect }) => `${key}:${effect}`).join()}`;
    return step.type === "label" ? `label ${Object.entries(step.labels).join()}` : "spare it";
  },
});

changed(
  "a node that is unreachable is kept from new pods, and gets the labels that it lacks",
  { node: node("n1", "Unknown", { labels: { "kubernetes.io/os": "linux" } }), isQueued: false },
  `
  1. taint node.kubernetes.io/unreachable:NoSchedule
  2. label beta.kubernetes.io/os,linux
  because its conditions have turned
`,
);

changed(
  "a node that is ready again is spared at once",
  { node: node("n1", "True", { taints: [noExecute(UNREACHABLE)] }), isQueued: false },
  `
  1. spare it
  because it is ready
`,
);

changed(
  "a node that is ready again before its turn need not come any more",
  { node: node("n1", "True"), isQueued: true },
  `
  1. spare it
  because it is ready
`,
);

changed(
  "the heartbeat of a ready node changes nothing",
  { node: node("n1", "True"), isQueued: false },
  `
  do nothing
  because it is ready
`,
);

const roll = transcripts({ plan: planRoll, tell: ({ type, node: { metadata } }) => `${type} ${metadata.name}` });

roll(
  "nodes that come and go between two looks are told of",
  { present: [node("old"), node("new")], known: new Map(["old", "gone"].map((name) => [name, node(name)])) },
  `
  1. register new
  2. remove gone
  because 1 nodes have come, 1 have gone
`,
);

const health = transcripts({
  plan: planHealth,
  now: NOW,
  tell: (step) =>
    step.type === "observe"
      ? `remember the heartbeat of ${step.heartbeat.seenAt / 1000} s`
      : `say ${step.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(", ")}`,
});

const heartbeat = { renewTime: "", readyHeartbeat: "t1", seenAt: 10_000 };

health(
  "a node is left in peace for 50 s after it was last heard of",
  { node: node("n1", "True"), lease: undefined, heartbeat, monotonic: 60_000 },
  `
  do nothing
  because it was heard of 50 s ago
`,
);

health(
  "a node that has been silent for longer is Unknown in all that it vouches for",
  { node: node("n1", "True"), lease: undefined, heartbeat, monotonic: 60_001 },
  `
  1. say Ready=Unknown NodeStatusUnknown, MemoryPressure=Unknown NodeStatusNeverUpdated, DiskPressure=Unknown NodeStatusNeverUpdated, PIDPressure=Unknown NodeStatusNeverUpdated
  because it was heard of 50.001 s ago
`,
);

health(
  "a lease that is renewed is a word of the node",
  {
    node: node("n1", "True"),
    lease: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: {}, spec: { renewTime: "t2" } },
    heartbeat,
    monotonic: 70_000,
  },
  `
  1. remember the heartbeat of 70 s
  because it was heard of 0 s ago
`,
);

const follows = transcripts({
  plan: planConsequences,
  tell: (step) => (step.type === "swap-taint" ? `swap the taint for ${step.key}` : step.type),
});

const after = (more: Partial<ConsequencesView>): ConsequencesView => ({
  node: node("n1", "Unknown"),
  observed: "Unknown",
  isNew: false,
  isQueued: false,
  isUnfinished: false,
  ...more,
});

follows(
  "a node that has just fallen silent is told of with its pods, and gets its taint at the next look",
  after({ observed: "True" }),
  `
  1. report
  2. mark-pods
  because its condition Ready was True and is Unknown
`,
);

follows(
  "a node that stays silent waits for its taint, and its pods are tried again where not all were marked",
  after({ isUnfinished: true }),
  `
  1. queue
  2. mark-pods
  because its condition Ready was Unknown and is Unknown
`,
);

follows(
  "a node that had its taint before this controller began is spared, and waits for its turn anew",
  after({ isNew: true, node: node("n1", "Unknown", { taints: [noExecute(UNREACHABLE)] }) }),
  `
  1. spare
  2. queue
  because its condition Ready was Unknown and is Unknown
`,
);

follows(
  "a silent node that speaks, and is not ready, changes its taint at once",
  after({ observed: "False", node: node("n1", "False", { taints: [noExecute(UNREACHABLE)] }) }),
  `
  1. swap the taint for node.kubernetes.io/not-ready
  because its condition Ready was False and is False
`,
);

follows(
  "a node that has never said whether it is ready has no consequences",
  after({ node: node("n1"), isNew: true }),
  `
  do nothing
  because it has never said whether it is ready
`,
);

const pod = (name: string, ready: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, generation: 4 },
  status: {
    conditions: [
      { type: "Initialized", status: "True" },
      { type: "Ready", status: ready, reason: "Why", lastTransitionTime: "1970-01-01T00:00:00Z" },
    ],
  },
});

const pods = transcripts({
  plan: planPods,
  now: NOW,
  tell: ({ pod: { metadata }, conditions }) =>
    `${metadata.name}: ${conditions.map(({ type, status, reason = "", observedGeneration = "", lastTransitionTime = "" }) => [type, status, reason, observedGeneration, lastTransitionTime].join(" ").trim()).join(", ")}`,
});

pods(
  "the pods of a node that is not ready count as not ready, and keep the reason they had",
  { pods: [pod("a", "True"), pod("b", "False")], ready: "Unknown" },
  `
  1. a: Initialized True, Ready False Why 4 1970-01-01T00:02:00Z
  because their node is not ready, and 1 of 2 still say that they are
`,
);

pods(
  "the pods of a ready node speak for themselves",
  { pods: [pod("a", "True")], ready: "True" },
  `
  do nothing
  because their node is ready
`,
);
