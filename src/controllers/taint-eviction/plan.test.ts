import type { Node, Pod, Taint, Toleration } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planEviction } from "./plan.ts";

/** Added long ago: that says nothing about when a pod must leave. */
const taint = (key: string): Taint => ({ key, effect: "NoExecute", timeAdded: "2020-01-01T00:00:00Z" });
const node = (...taints: Taint[]): Node => ({ apiVersion: "v1", kind: "Node", metadata: {}, spec: { taints } });
const pod = (...tolerations: Toleration[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {},
  spec: { containers: [], tolerations },
});

const exists = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

const example = transcripts({
  plan: planEviction,
  tell: (step) =>
    step.type === "schedule" ? `evict it at ${step.due / 1000} s` : step.type === "cancel" ? "let it stay" : "evict it",
});

example(
  "a pod on a node without taints stays",
  { pod: pod(), node: node(), due: undefined },
  `
  do nothing
  because its node has no NoExecute taint
`,
);

example(
  "NoSchedule drives no pod away",
  { pod: pod(), node: node({ key: "a", effect: "NoSchedule" }), due: undefined },
  `
  do nothing
  because its node has no NoExecute taint
`,
);

example(
  "a pod that tolerates nothing goes at once",
  { pod: pod(), node: node(taint("a")), due: undefined },
  `
  1. evict it
  because it does not tolerate a taint
`,
);

example(
  "one of two taints tolerated is not enough",
  { pod: pod(exists("a")), node: node(taint("a"), taint("b")), due: undefined },
  `
  1. evict it
  because it does not tolerate a taint
`,
);

example(
  "a pod that tolerates a taint for ever stays",
  { pod: pod(exists("a")), node: node(taint("a")), due: undefined },
  `
  do nothing
  because it tolerates the taints for ever
`,
);

example(
  "a pod on a node that has been away for long has its whole time",
  { pod: pod(exists("a", 300)), node: node(taint("a")), due: undefined },
  `
  1. evict it at 300 s
  look again in 300 s
  because it tolerates the taints for 300 s
`,
);

example(
  "the shortest time counts",
  { pod: pod(exists("a", 300), exists("b", 60)), node: node(taint("a"), taint("b")), due: undefined },
  `
  1. evict it at 60 s
  look again in 60 s
  because it tolerates the taints for 60 s
`,
);

example(
  "negative seconds are none",
  { pod: pod(exists("a", -5)), node: node(taint("a")), due: undefined },
  `
  1. evict it
  because it tolerates the taints for no time
`,
);

example(
  "what is scheduled stays so, whatever shorter toleration there is by now",
  { pod: pod(exists("a", 10)), node: node(taint("a")), due: 200_000 },
  `
  do nothing
  look again in 200 s
  because its time is not over
`,
);

example(
  "when its time is over the pod goes, also when its node is gone",
  { pod: pod(exists("a", 300)), node: undefined, due: 0 },
  `
  1. evict it
  because its time is over
`,
);

example(
  "nothing is planned while the node is unknown",
  { pod: pod(), node: undefined, due: undefined },
  `
  do nothing
  because its node is not known
`,
);

example(
  "a pod stays after all when the taints go",
  { pod: pod(exists("a", 1)), node: node(), due: 1000 },
  `
  1. let it stay
  because its node has no NoExecute taint
`,
);

example(
  "a pod stays after all when it tolerates the taints for ever by now",
  { pod: pod(exists("a")), node: node(taint("a")), due: 1000 },
  `
  1. let it stay
  because it tolerates the taints for ever
`,
);

example(
  "what was scheduled for a pod that is gone is forgotten",
  { pod: undefined, node: undefined, due: 1000 },
  `
  1. let it stay
  because the pod is gone
`,
);

example(
  "a pod that is being deleted is left alone",
  {
    pod: { ...pod(), metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } },
    node: node(taint("a")),
    due: undefined,
  },
  `
  do nothing
  because the pod is being deleted
`,
);
