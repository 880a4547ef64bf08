import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ControllerRevision, DaemonSet, Pod } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";

const EXAMPLE = readFileSync(join(import.meta.dirname, "../examples/agent.yaml"), "utf8");
const NODES = ["knarr-1", "knarr-2", "knarr-3", "knarr-4"];

/** A DaemonSet; `pod` is what differs in the spec of its Pods, `spec` in its own. */
const manifest = (name: string, spec: object = {}, pod: object = {}) =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, labels: { of: name } },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "agent", image: "agent:1" }], ...pod },
      },
      ...spec,
    },
  });

/** The set's Pods by node, those that are going left out; two on a node fail the test. */
async function podsOf(kubectl: Kubectl, app: string): Promise<ReadonlyMap<string, Pod>> {
  const { items } = await kubectl.json<{ items: Pod[] }>("pods", "-l", `app=${app}`);
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const byNode = new Map(staying.map((pod) => [pod.spec?.nodeName ?? "", pod]));
  assert.equal(byNode.size, staying.length, "never two on a node");
  return byNode;
}
const onNodes = async (kubectl: Kubectl, app: string) => [...(await podsOf(kubectl, app)).keys()].toSorted().join(" ");
const rolledOut = (kubectl: Kubectl, name: string) =>
  kubectl("rollout", "status", `daemonset/${name}`, "--timeout=120s");
const revisionsOf = async (kubectl: Kubectl, app: string) =>
  (await kubectl.json<{ items: ControllerRevision[] }>("controllerrevisions", "-l", `app=${app}`)).items;

// One after the other: a taint is there for all.
describe("DaemonSets run on every node (S9)", () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest({ nodes: NODES.length });
  });
  after(async () => cluster?.[Symbol.asyncDispose]());

  it("the example: one Pod on each node, put back when it is gone, updated node by node, until the set is deleted", async () => {
    const agents = await cluster.inNamespace("agents");
    const said = await agents.try(["apply", "-f", "-"], { input: EXAMPLE });
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stderr, "", "nothing in it is not acted on");
    await rolledOut(agents, "agent");
    const first = await podsOf(agents, "agent");
    assert.deepEqual([...first.keys()].toSorted(), NODES);
    assert.match(await agents("get", "daemonset", "agent"), /agent +4 +4 +4 +4 +4 +<none>/);

    const lost = first.get("knarr-3")!.metadata.name!;
    await agents("delete", "pod", lost);
    await rolledOut(agents, "agent");
    const again = await podsOf(agents, "agent");
    assert.deepEqual([...again.keys()].toSorted(), NODES);
    assert.notEqual(again.get("knarr-3")!.metadata.name, lost);

    await agents("set", "image", "daemonset/agent", "agent=fluent-bit:4.2");
    await rolledOut(agents, "agent");
    const updated = await podsOf(agents, "agent");
    const hashes = new Set([...updated.values()].map(({ metadata }) => metadata.labels?.["controller-revision-hash"]));
    assert.equal(hashes.size, 1);
    assert.ok(!hashes.has(first.get("knarr-1")!.metadata.labels?.["controller-revision-hash"]));
    assert.match(await agents("rollout", "history", "daemonset/agent"), /^1 .*\n2 /m);
    await agents("rollout", "undo", "daemonset/agent");
    await rolledOut(agents, "agent");
    assert.match(await agents("rollout", "history", "daemonset/agent", "--revision=3"), /Image:\s+fluent-bit:4\.1/);
    await agents("rollout", "restart", "daemonset/agent");
    await rolledOut(agents, "agent");

    await agents("delete", "daemonset", "agent");
    await eventually("the Pods are gone", async () => (await onNodes(agents, "agent")) === "");
  });

  it("a drain passes its Pods by, a cordoned node keeps and gets them, and taints keep them away", async () => {
    const drained = await cluster.inNamespace("drained");
    await drained.apply(manifest("agent"));
    await rolledOut(drained, "agent");
    const before = await podsOf(drained, "agent");
    const refused = await drained.try(["drain", "knarr-4", "--force", "--timeout=60s"]);
    assert.match(refused.stderr, /cannot delete DaemonSet-managed Pods/);
    const { stderr } = await drained.try(["drain", "knarr-4", "--force", "--ignore-daemonsets", "--timeout=60s"]);
    assert.match(
      stderr,
      new RegExp(`ignoring DaemonSet-managed Pods:.*drained/${before.get("knarr-4")!.metadata.name}`),
    );
    await drained("delete", "pod", before.get("knarr-4")!.metadata.name!);
    await rolledOut(drained, "agent");
    assert.equal(await onNodes(drained, "agent"), NODES.join(" "), "also on the cordoned node");
    await drained("uncordon", "knarr-4");

    await drained("taint", "node", "knarr-4", "drained=yes:NoExecute");
    await eventually("none there", async () => (await onNodes(drained, "agent")) === NODES.slice(0, 3).join(" "));
    await drained("taint", "node", "knarr-4", "drained-");
    await eventually("there again", async () => (await onNodes(drained, "agent")) === NODES.join(" "));
  });

  it("follows labels of nodes, and the selector of its template", async () => {
    const colors = await cluster.inNamespace("colors");
    await colors.apply(manifest("painter", {}, { nodeSelector: { color: "blue" } }));
    await eventually("it was looked at", async () => {
      const { status, metadata } = await colors.json<DaemonSet>("daemonset", "painter");
      return status?.observedGeneration === metadata.generation;
    });
    assert.equal(await onNodes(colors, "painter"), "");
    await colors("label", "node", "knarr-2", "color=blue");
    await eventually("one on the blue node", async () => (await onNodes(colors, "painter")) === "knarr-2");
    await colors("label", "node", "knarr-2", "color=green", "--overwrite");
    await eventually("none any more", async () => (await onNodes(colors, "painter")) === "");
    const patch = { spec: { template: { spec: { nodeSelector: { color: "green" } } } } };
    await colors("patch", "daemonset", "painter", "-p", JSON.stringify(patch));
    await eventually("one on the green node", async () => (await onNodes(colors, "painter")) === "knarr-2");
    await colors("label", "node", "knarr-2", "color-");
  });

  it("makes a failed Pod anew and says so", async () => {
    const failing = await cluster.inNamespace("failing");
    await failing.apply(manifest("agent"));
    await rolledOut(failing, "agent");
    const { name } = (await podsOf(failing, "agent")).get("knarr-1")!.metadata;
    await failing("patch", "pod", name!, "--subresource=status", "-p", '{"status":{"phase":"Failed"}}');
    await eventually("another Pod", async () => {
      const pod = (await podsOf(failing, "agent")).get("knarr-1");
      return pod !== undefined && pod.metadata.name !== name && pod.status?.phase === "Running";
    });
    const events = await failing("get", "events", "--field-selector=reason=FailedDaemonPod", "-o=jsonpath={..message}");
    assert.equal(events, `Found failed daemon pod failing/${name} on node knarr-1, will try to kill it`);
  });

  it("a roll-back of an update that is stuck restarts only what was changed", async () => {
    const stuck = await cluster.inNamespace("stuck");
    await stuck.apply(manifest("agent"));
    await rolledOut(stuck, "agent");
    const before = await podsOf(stuck, "agent");
    await stuck("set", "image", "daemonset/agent", "agent=agent:does-not-exist");
    const broken = await eventually("a broken Pod", async () =>
      [...(await podsOf(stuck, "agent")).values()].find(({ status }) =>
        status?.containerStatuses?.some(({ state }) => /Image/.test(state?.waiting?.reason ?? "")),
      ),
    );
    await stuck("rollout", "undo", "daemonset/agent");
    await rolledOut(stuck, "agent");
    const now = await podsOf(stuck, "agent");
    const kept = NODES.filter((node) => before.get(node)?.metadata.uid === now.get(node)?.metadata.uid);
    assert.deepEqual(
      kept,
      NODES.filter((node) => node !== broken.spec?.nodeName),
      "the others were never restarted",
    );
  });

  it("surges: each node has its new Pod before it loses the old one", async () => {
    const surge = await cluster.inNamespace("surge");
    const rollingUpdate = { maxSurge: "50%", maxUnavailable: 0 };
    await surge.apply(manifest("agent", { updateStrategy: { type: "RollingUpdate", rollingUpdate } }));
    await rolledOut(surge, "agent");
    await surge("set", "image", "daemonset/agent", "agent=agent:does-not-exist");
    const pods = await eventually("two new Pods beside the old ones", async () => {
      const { items } = await surge.json<{ items: Pod[] }>("pods", "-l", "app=agent");
      return items.length === 6 && items;
    });
    assert.equal(pods.filter(({ spec }) => spec?.containers[0]?.image === "agent:1").length, 4);
    await surge("set", "image", "daemonset/agent", "agent=agent:2");
    await rolledOut(surge, "agent");
    await eventually("the old ones are gone", async () => {
      const { items } = await surge.json<{ items: Pod[] }>("pods", "-l", "app=agent");
      return items.length === 4 && items.every(({ spec }) => spec?.containers[0]?.image === "agent:2");
    });
  });

  it("keeps what others write into its status, and goes with others by its label", async () => {
    const listed = await cluster.inNamespace("listed");
    for (const name of ["one", "two"]) await listed.apply(manifest(name, {}, { nodeSelector: { never: "true" } }));
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const condition = { type: "Watched", status: "True", reason: "Seen", message: "by a client", lastTransitionTime };
    const body = JSON.stringify({ status: { conditions: [condition] } });
    await listed("patch", "daemonset", "one", "--subresource=status", "--type=merge", "-p", body);
    await listed("patch", "daemonset", "one", "-p", '{"spec":{"minReadySeconds":1}}');
    const one = await eventually("the new generation was looked at", async () => {
      const set = await listed.json<DaemonSet>("daemonset", "one");
      return set.status?.observedGeneration === 2 && set;
    });
    assert.deepEqual(one.status?.conditions, [condition]);
    await listed("delete", "daemonsets", "-l", "of=one");
    assert.equal(await listed("get", "daemonsets", "-o=name"), "daemonset.apps/two\n");
  });

  it("its revisions can be listed, patched, replaced and deleted, and the next template has a higher number", async () => {
    const history = await cluster.inNamespace("history");
    await history.apply(manifest("agent", {}, { nodeSelector: { never: "true" } }));
    const [first] = await eventually("a revision", async () => {
      const all = await revisionsOf(history, "agent");
      return all.length === 1 && all;
    });
    const name = first!.metadata.name!;
    assert.equal(name, `agent-${first!.metadata.labels?.["controller-revision-hash"]}`);
    await history("label", "controllerrevision", name, "seen=yes");
    const labelled = await history.json<ControllerRevision>("controllerrevision", name);
    const labels = { ...labelled.metadata.labels, seen: "twice" };
    const replaced = { ...labelled, metadata: { ...labelled.metadata, labels } };
    await history.try(["replace", "-f", "-"], { input: JSON.stringify(replaced) });
    assert.equal((await revisionsOf(history, "agent"))[0]?.metadata.labels?.["seen"], "twice");

    await history("set", "image", "daemonset/agent", "agent=agent:2");
    await eventually("a second revision", async () =>
      (await revisionsOf(history, "agent")).some(({ revision }) => revision === 2),
    );
    await history("delete", "controllerrevisions", "-l", "seen=twice");
    assert.deepEqual(
      (await revisionsOf(history, "agent")).map(({ revision }) => revision),
      [2],
    );
  });
});
