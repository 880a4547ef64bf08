import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom } from "#base";
import { selectorFromSet, type Node, type Pod } from "#objects";
import { decide, enoughNodes, prepareFilters } from "../decide.ts";
import { describeRefusal } from "../diagnosis.ts";
import { PodInfo } from "../model/pod-info.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { makeNode, makePod } from "../testing/objects.ts";
import { defaultPlugins } from "./default-plugins.ts";
import { normalizedImageName } from "./image-locality.ts";
import type { FilterPlugin } from "./plugin.ts";

const plugins = defaultPlugins(({ labels }) => (labels?.["app"] ? selectorFromSet({ app: labels["app"] }) : undefined));

function snapshotOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): Snapshot {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(node);
  for (const [pod, nodeName] of placed) snapshot.setPod(new PodInfo(pod), nodeName);
  return snapshot;
}

/** What keeps the pod from the only node, if anything does. */
function reasons(pod: Pod, node: Node, placed: readonly Pod[] = []): readonly string[] {
  const name = node.metadata.name ?? "";
  const snapshot = snapshotOf(
    [node],
    placed.map((one) => [one, name]),
  );
  const prepared = prepareFilters(new PodInfo(pod), snapshot, plugins);
  if ("refusal" in prepared) return prepared.refusal.reasons;
  return prepared.test(snapshot.node(name)!)?.reasons ?? [];
}

/** The normalized scores that a plugin gives to nodes, by name; undefined: it has nothing to say. */
function scores(plugin: string, pod: Pod, snapshot: Snapshot): Readonly<Record<string, number>> | undefined {
  const found = plugins.scores.find(({ name }) => name === plugin);
  assert.ok(found);
  const prepared = found.prepare(new PodInfo(pod), snapshot, snapshot.nodes);
  if (!prepared) return undefined;
  const values = snapshot.nodes.map((node) => prepared.score(node));
  prepared.normalize?.(values);
  return Object.fromEntries(snapshot.nodes.map(({ name }, i) => [name, values[i]!]));
}

const term = (app: string, topologyKey = "kubernetes.io/hostname") => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
});
const zone = (name: string) => ({ labels: { "topology.kubernetes.io/zone": name } });
const onPort = (hostPort: number, hostIP?: string) => ({
  spec: { containers: [{ name: "c", ports: [{ containerPort: 1, hostPort, ...(hostIP ? { hostIP } : {}) }] }] },
});
const affine = (key: string, operator: string, ...values: string[]) => ({
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values.length ? { values } : {}) }] }],
        },
      },
    },
  },
});

/** What it is, the pod, the node, the pods on the node, and why the node is refused. */
type RefusalCase = readonly [string, Pod, Node, readonly Pod[], readonly string[]];

/** The words are upstream's. */
function assertRefusals(cases: readonly RefusalCase[]): void {
  for (const [what, pod, node, placed, expected] of cases) assert.deepEqual(reasons(pod, node, placed), expected, what);
}

test("a node that is cordoned, tainted or not the one that the pod names is refused, unless the pod tolerates it", () => {
  assertRefusals([
    ["fits", makePod("p"), makeNode("n"), [], []],
    ["cordoned", makePod("p"), makeNode("n", { spec: { unschedulable: true } }), [], ["node(s) were unschedulable"]],
    [
      "cordoned, tolerated",
      makePod("p", { spec: { tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }] } }),
      makeNode("n", { spec: { unschedulable: true } }),
      [],
      [],
    ],
    [
      "node name",
      makePod("p", { spec: { nodeName: "other" } }),
      makeNode("n"),
      [],
      ["node(s) didn't match the requested node name"],
    ],
    [
      "taint",
      makePod("p"),
      makeNode("n", { spec: { taints: [{ key: "k", effect: "NoExecute" }] } }),
      [],
      ["node(s) had untolerated taint(s)"],
    ],
    [
      "soft taint",
      makePod("p"),
      makeNode("n", { spec: { taints: [{ key: "k", effect: "PreferNoSchedule" }] } }),
      [],
      [],
    ],
  ]);
});

test("a node whose labels are not those that the pod selects is refused", () => {
  const ssd = makeNode("n", { labels: { disk: "ssd", cores: "8" } });
  const noAffinity = ["node(s) didn't match Pod's node affinity/selector"];
  assertRefusals([
    ["selector", makePod("p", { spec: { nodeSelector: { disk: "ssd" } } }), ssd, [], []],
    ["selector, other", makePod("p", { spec: { nodeSelector: { disk: "hdd" } } }), ssd, [], noAffinity],
    ["affinity In", makePod("p", affine("disk", "In", "hdd", "ssd")), ssd, [], []],
    ["affinity NotIn", makePod("p", affine("disk", "NotIn", "ssd")), ssd, [], noAffinity],
    ["affinity Exists", makePod("p", affine("gpu", "Exists")), ssd, [], noAffinity],
    ["affinity DoesNotExist", makePod("p", affine("gpu", "DoesNotExist")), ssd, [], []],
    ["affinity Gt", makePod("p", affine("cores", "Gt", "4")), ssd, [], []],
    ["affinity Lt", makePod("p", affine("cores", "Lt", "4")), ssd, [], noAffinity],
  ]);
});

test("a node that has no room or no free port for the pod is refused", () => {
  assertRefusals([
    [
      "port",
      makePod("p", onPort(80)),
      makeNode("n"),
      [makePod("q", onPort(80, "127.0.0.1"))],
      ["node(s) didn't have free ports for the requested pod ports"],
    ],
    [
      "port, other address",
      makePod("p", onPort(80, "10.0.0.1")),
      makeNode("n"),
      [makePod("q", onPort(80, "127.0.0.1"))],
      [],
    ],
    ["too many pods", makePod("p"), makeNode("n", { allocatable: { pods: "1" } }), [makePod("q")], ["Too many pods"]],
    [
      "resources",
      makePod("p", { requests: { cpu: "5", memory: "9Gi", "ephemeral-storage": "1Gi", "example.com/gpu": "1" } }),
      makeNode("n"),
      [],
      ["Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage", "Insufficient example.com/gpu"],
    ],
    [
      "exactly full",
      makePod("p", { requests: { cpu: "2" } }),
      makeNode("n"),
      [makePod("q", { requests: { cpu: "2" } })],
      [],
    ],
  ]);
});

test("a node is refused where affinity to the pods on it, or theirs to the pod, says so", () => {
  const required = { requiredDuringSchedulingIgnoredDuringExecution: [term("a")] };
  const near = { affinity: { podAffinity: required } };
  const apart = { affinity: { podAntiAffinity: required } };
  assertRefusals([
    [
      "affinity to a pod that is not there",
      makePod("p", {
        spec: near,
      }),
      makeNode("n"),
      [],
      ["node(s) didn't match pod affinity rules"],
    ],
    [
      "the first of pods that want to be together",
      makePod("p", {
        labels: { app: "a" },
        spec: near,
      }),
      makeNode("n"),
      [],
      [],
    ],
    [
      "anti-affinity",
      makePod("p", {
        spec: apart,
      }),
      makeNode("n"),
      [makePod("q", { labels: { app: "a" } })],
      ["node(s) didn't match pod anti-affinity rules"],
    ],
    [
      "anti-affinity of the other",
      makePod("p", { labels: { app: "a" } }),
      makeNode("n"),
      [
        makePod("q", {
          spec: apart,
        }),
      ],
      ["node(s) didn't satisfy existing pods anti-affinity rules"],
    ],
  ]);
});

test("a node without the label that the pod is to be spread by is refused", () => {
  assertRefusals([
    [
      "spread, no label",
      makePod("p", {
        spec: {
          topologySpreadConstraints: [
            { topologyKey: "rack", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule", labelSelector: {} },
          ],
        },
      }),
      makeNode("n"),
      [],
      ["node(s) didn't match pod topology spread constraints (missing required label)"],
    ],
  ]);
});

test("hard spread counts only pods that the selector, narrowed by matchLabelKeys, selects", () => {
  const constraint = {
    topologyKey: "topology.kubernetes.io/zone",
    maxSkew: 1,
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: { app: "a" } },
    matchLabelKeys: ["version"],
  };
  const pod = (name: string, version: string) =>
    makePod(name, { labels: { app: "a", version }, spec: { topologySpreadConstraints: [constraint] } });
  const snapshot = snapshotOf([makeNode("x", zone("1")), makeNode("y", zone("2"))], [[pod("p", "1"), "x"]]);
  const allowed = (one: Pod) => {
    const prepared = prepareFilters(new PodInfo(one), snapshot, plugins);
    assert.ok("test" in prepared);
    return snapshot.nodes.filter((node) => !prepared.test(node)).map(({ name }) => name);
  };
  assert.deepEqual(allowed(pod("q", "1")), ["y"]);
  assert.deepEqual(allowed(pod("r", "2")), ["x", "y"]);
});

test("scores are those that upstream works out", () => {
  const two = [makeNode("x"), makeNode("y")];
  const half = makePod("half", { requests: { cpu: "2", memory: "4Gi" } });
  const pod = makePod("p", { requests: { cpu: "1", memory: "2Gi" } });
  // (4-3)/4 = 25 and (4-1)/4 = 75, for cpu and memory alike.
  assert.deepEqual(scores("NodeResourcesFit", pod, snapshotOf(two, [[half, "x"]])), { x: 25, y: 75 });
  // A pod that asks for nothing counts as 100m and 200Mi: 97 and 97.
  assert.deepEqual(scores("NodeResourcesFit", makePod("p"), snapshotOf(two)), { x: 97, y: 97 });

  const cpuOnly = makePod("cpu", { requests: { cpu: "2" } });
  // x: 3/4 of cpu and 1/4 of memory; y: 1/4 and 1/4.
  assert.deepEqual(scores("NodeResourcesBalancedAllocation", pod, snapshotOf(two, [[cpuOnly, "x"]])), {
    x: 75,
    y: 100,
  });
  assert.equal(scores("NodeResourcesBalancedAllocation", makePod("p"), snapshotOf(two)), undefined);

  const tainted = [
    makeNode("x", {
      spec: {
        taints: [
          { key: "a", effect: "PreferNoSchedule" },
          { key: "b", effect: "PreferNoSchedule" },
        ],
      },
    }),
    makeNode("y", { spec: { taints: [{ key: "a", effect: "PreferNoSchedule" }] } }),
    makeNode("z"),
  ];
  assert.deepEqual(scores("TaintToleration", makePod("p"), snapshotOf(tainted)), { x: 0, y: 50, z: 100 });

  const preferring = makePod("p", {
    spec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] } },
            {
              weight: 3,
              preference: { matchExpressions: [{ key: "topology.kubernetes.io/zone", operator: "Exists" }] },
            },
          ],
        },
      },
    },
  });
  const labelled = [
    makeNode("x", { labels: { disk: "ssd" } }),
    makeNode("y", { labels: { disk: "ssd", "topology.kubernetes.io/zone": "1" } }),
    makeNode("z"),
  ];
  const byName = { y: 100, x: 25, z: 0 };
  assert.deepEqual(scores("NodeAffinity", preferring, snapshotOf(labelled)), byName);
});

test("preferred pod affinity draws, anti-affinity repels, and required affinity of others draws too", () => {
  const nodes = [makeNode("x"), makeNode("y"), makeNode("z")];
  const weighted = (weight: number, app: string) => ({ weight, podAffinityTerm: term(app) });
  const pod = makePod("p", {
    labels: { app: "p" },
    spec: {
      affinity: {
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted(8, "a")] },
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted(2, "b")] },
      },
    },
  });
  const fond = makePod("fond", {
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("p")] } } },
  });
  const snapshot = snapshotOf(nodes, [
    [makePod("a", { labels: { app: "a" } }), "x"],
    [makePod("b", { labels: { app: "b" } }), "y"],
    [fond, "z"],
  ]);
  // Raw: x 8, y -2, z 1.
  assert.deepEqual(scores("InterPodAffinity", pod, snapshot), { x: 100, y: 0, z: 30 });
});

test("pods without constraints spread over hosts by what selects them", () => {
  const nodes = [makeNode("x"), makeNode("y"), makeNode("z")];
  const web = (name: string) => makePod(name, { labels: { app: "web" } });
  const snapshot = snapshotOf(nodes, [
    [web("1"), "x"],
    [web("2"), "x"],
    [web("3"), "y"],
  ]);
  const found = scores("PodTopologySpread", web("4"), snapshot);
  assert.ok(found && found["z"]! > found["y"]! && found["y"]! > found["x"]!);
  assert.equal(found["z"], 100);
  assert.equal(scores("PodTopologySpread", makePod("alone"), snapshot), undefined);
});

test("nodes that have a large image are preferred, the more nodes have it the more", () => {
  const images = [{ names: ["app:latest"], sizeBytes: 1000 * 1024 * 1024 }];
  const snapshot = snapshotOf([makeNode("x", { images }), makeNode("y")]);
  // Half of the nodes have it: 500 MB of 1000, from 23 on.
  assert.deepEqual(scores("ImageLocality", makePod("p"), snapshot), { x: 48, y: 0 });
  for (const [name, normal] of [
    ["nginx", "nginx:latest"],
    ["host:5000/nginx", "host:5000/nginx:latest"],
    ["host:5000/nginx:1", "host:5000/nginx:1"],
  ] as const) {
    assert.equal(normalizedImageName(name), normal);
  }
});

test("as many nodes are scored as upstream finds enough", () => {
  const cases = [
    [3, 3],
    [99, 99],
    [100, 100],
    [200, 100],
    [1000, 420],
    [5000, 500],
    [10_000, 500],
  ] as const;
  for (const [nodes, enough] of cases) assert.equal(enoughNodes(nodes), enough);
});

test("the text of a refusal counts reasons, sorted as text", () => {
  const nodes = Array.from({ length: 12 }, (_, i) =>
    makeNode(`n${i}`, i < 10 ? { allocatable: { cpu: "1", memory: "1Gi" } } : { spec: { unschedulable: true } }),
  );
  const pod = new PodInfo(makePod("p", { requests: { cpu: "2", memory: "2Gi" } }));
  const decision = decide(pod, snapshotOf(nodes), { plugins, random: createRandom(1), startIndex: 5 });
  assert.ok(decision.type === "refused");
  assert.equal(
    describeRefusal(decision.diagnosis),
    "0/12 nodes are available: 10 Insufficient cpu, 10 Insufficient memory, 2 node(s) were unschedulable.",
  );
});

test("a pod whose terms each name nodes that contradict one another is refused without looking at any", () => {
  const named = (...values: string[]) => ({ key: "metadata.name", operator: "In", values });
  const nodeSelectorTerms = [{ matchFields: [named("a"), named("b")] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  const pod = new PodInfo(makePod("p", { spec: { affinity } }));
  const decision = decide(pod, snapshotOf([makeNode("a"), makeNode("b")]), {
    plugins,
    random: createRandom(1),
    startIndex: 0,
  });
  assert.ok(decision.type === "refused");
  assert.equal(describeRefusal(decision.diagnosis), "0/2 nodes are available: pod affinity terms conflict.");
});

test("a pod that names its node by matchFields looks at no other", () => {
  const nodes = ["a", "b", "c"].map((name) => makeNode(name));
  const pod = makePod("daemon", {
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["b"] }] }],
          },
        },
      },
    },
  });
  const options = { plugins, random: createRandom(1), startIndex: 0 };
  const decision = decide(new PodInfo(pod), snapshotOf(nodes), options);
  assert.ok(decision.type === "fits" && decision.node.name === "b" && decision.evaluated === 0);
  const full = snapshotOf([...nodes.slice(0, 1), makeNode("b", { allocatable: { pods: "0" } }), ...nodes.slice(2)]);
  const refused = decide(new PodInfo(pod), full, options);
  assert.ok(refused.type === "refused");
  assert.equal(
    describeRefusal(refused.diagnosis),
    "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  );
});

test("of a thousand nodes the filters see the one that a daemon pod names, and no other", () => {
  const names = Array.from({ length: 1000 }, (_, at) => `n${at}`);
  const view = snapshotOf(names.map((name) => makeNode(name)));
  const seen: string[] = [];
  const spy: FilterPlugin = {
    name: "Spy",
    prepare: () => ({
      filter({ name }) {
        seen.push(name);
        return undefined;
      },
    }),
  };
  const requirement = { key: "metadata.name", operator: "In", values: ["n700"] };
  const nodeSelectorTerms = [{ matchFields: [requirement] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  const decision = decide(new PodInfo(makePod("daemon", { spec: { affinity } })), view, {
    plugins: { ...plugins, filters: [spy, ...plugins.filters] },
    random: createRandom(1),
    startIndex: 0,
  });
  assert.ok(decision.type === "fits" && decision.node.name === "n700");
  assert.deepEqual(seen, ["n700"]);
});
