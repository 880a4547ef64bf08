import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ControllerRevision, EndpointSlice, PersistentVolumeClaim, Pod, StatefulSet } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";

const EXAMPLE = readFileSync(join(import.meta.dirname, "../examples/pets.yaml"), "utf8");

/** A StatefulSet without claims; `spec` is what differs. */
const manifest = (name: string, spec: object = {}, annotations: object = {}) =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "web", image: "nginx:1.29" }] },
      },
      ...spec,
    },
  });

/** The pods of an app by name, those that are going left out. */
async function podsOf(kubectl: Kubectl, app: string): Promise<ReadonlyMap<string, Pod>> {
  const { items } = await kubectl.json<{ items: Pod[] }>("pods", "-l", `app=${app}`);
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return new Map(staying.map((pod) => [pod.metadata.name!, pod]));
}
const namesOf = async (kubectl: Kubectl, app: string) => [...(await podsOf(kubectl, app)).keys()].join(" ");
const imagesOf = async (kubectl: Kubectl, app: string) =>
  [...(await podsOf(kubectl, app)).values()].map(({ spec }) => spec?.containers[0]?.image?.slice(-2)).join(" ");
const isReady = (pod: Pod | undefined) =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
const rolledOut = (kubectl: Kubectl, name: string) =>
  kubectl("rollout", "status", `statefulset/${name}`, "--timeout=120s");

describe("StatefulSets live their lives (S13)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = cluster.kubectl;
  });
  after(async () => cluster?.[Symbol.asyncDispose]());

  it("the example: pets keep their names, their claims and their place in the Service", async () => {
    const pets = await cluster.inNamespace("pets");
    const said = await pets.try(["apply", "-f", "-"], { input: EXAMPLE });
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stderr, "", "nothing in it is not acted on");
    await rolledOut(pets, "pets");
    const before = await podsOf(pets, "pets");
    assert.deepEqual([...before.keys()], ["pets-0", "pets-1", "pets-2"]);
    const [first, second, third] = [...before.values()].map(({ metadata }) => metadata.creationTimestamp!);
    assert.ok(first! <= second! && second! <= third!);
    for (const [name, { spec }] of before) {
      assert.deepEqual([spec?.hostname, spec?.subdomain], [name, "pets"]);
      assert.equal(spec?.volumes?.[0]?.persistentVolumeClaim?.claimName, `data-${name}`);
    }
    const claims = async () => (await pets.json<{ items: PersistentVolumeClaim[] }>("pvc")).items;
    const bound = await claims();
    assert.deepEqual(
      bound.map(({ metadata, status }) => [metadata.name, status?.phase]),
      ["data-pets-0", "data-pets-1", "data-pets-2"].map((name) => [name, "Bound"]),
    );
    await eventually("endpoints by host name", async () => {
      const { items } = await pets.json<{ items: EndpointSlice[] }>("endpointslices");
      const hosts = items.flatMap(({ endpoints }) => endpoints ?? []).map(({ hostname }) => hostname);
      return hosts.toSorted((a = "", b = "") => (a < b ? -1 : 1)).join(" ") === "pets-0 pets-1 pets-2";
    });

    await pets("delete", "pod", "pets-1");
    const again = await eventually("pets-1 back", async () => {
      const pod = (await podsOf(pets, "pets")).get("pets-1");
      return isReady(pod) && pod;
    });
    assert.notEqual(again.metadata.uid, before.get("pets-1")?.metadata.uid);
    assert.equal(again.spec?.volumes?.[0]?.persistentVolumeClaim?.claimName, "data-pets-1");
    assert.deepEqual(
      (await claims()).map(({ metadata }) => metadata.uid),
      bound.map(({ metadata }) => metadata.uid),
    );
    await pets("scale", "statefulset", "pets", "--replicas=1");
    await eventually("one pet", async () => (await namesOf(pets, "pets")) === "pets-0");
    assert.equal((await claims()).length, 3, "the data of the others waits");
  });

  it("rollout: history, undo, restart, with revisions that are taken again", async () => {
    await kubectl.apply(manifest("db"));
    await rolledOut(kubectl, "db");
    const current = async () => (await kubectl.json<StatefulSet>("statefulset", "db")).status?.currentRevision;
    const first = await current();
    await kubectl("set", "image", "statefulset/db", "web=nginx:1.30");
    assert.match(await rolledOut(kubectl, "db"), /partitioned roll out complete: 3 new pods have been updated/);
    assert.equal(await imagesOf(kubectl, "db"), "30 30 30");
    assert.match(await kubectl("rollout", "history", "statefulset/db"), /1 .*\n2 /);
    assert.match(await kubectl("rollout", "history", "statefulset/db", "--revision=1"), /Image:\s+nginx:1\.29/);
    await kubectl("rollout", "undo", "statefulset/db");
    await rolledOut(kubectl, "db");
    assert.equal(await imagesOf(kubectl, "db"), "29 29 29");
    assert.equal(await current(), first);
    const { items } = await kubectl.json<{ items: ControllerRevision[] }>("controllerrevisions", "-l", "app=db");
    assert.deepEqual(new Set(items.map(({ revision }) => revision)), new Set([2, 3]));
    assert.match(
      await kubectl("rollout", "undo", "statefulset/db", "--to-revision=3"),
      /skipped rollback \(current template already matches revision 3\)/,
    );
    const before = await podsOf(kubectl, "db");
    await kubectl("rollout", "restart", "statefulset/db");
    await rolledOut(kubectl, "db");
    for (const [name, { metadata }] of await podsOf(kubectl, "db")) {
      assert.notEqual(metadata.uid, before.get(name)?.metadata.uid);
    }
  });

  it("a partition holds an update back, also for pods that come back below it", async () => {
    const partition = (value: number, image: string) =>
      JSON.stringify({
        spec: {
          updateStrategy: { rollingUpdate: { partition: value } },
          template: { spec: { containers: [{ name: "web", image }] } },
        },
      });
    await kubectl.apply(manifest("canary"));
    await rolledOut(kubectl, "canary");
    await kubectl("patch", "statefulset", "canary", "-p", partition(2, "nginx:1.30"));
    assert.match(await rolledOut(kubectl, "canary"), /partitioned roll out complete: 1 new pods/);
    assert.equal(await imagesOf(kubectl, "canary"), "29 29 30");
    const old = (await podsOf(kubectl, "canary")).get("canary-0")?.metadata.uid;
    await kubectl("delete", "pod", "canary-0");
    await eventually("canary-0 back", async () => {
      const pod = (await podsOf(kubectl, "canary")).get("canary-0");
      return pod?.metadata.uid !== old && isReady(pod);
    });
    assert.equal(await imagesOf(kubectl, "canary"), "29 29 30");
    await kubectl("patch", "statefulset", "canary", "-p", partition(0, "nginx:1.30"));
    await rolledOut(kubectl, "canary");
    assert.equal(await imagesOf(kubectl, "canary"), "30 30 30");
  });

  it("an unready pod halts a scaling in order, and not a Parallel one", async () => {
    const never = { "simulated.knarr.dev/fail": "never-ready" };
    await kubectl.apply(manifest("halted", {}, never));
    await kubectl.apply(manifest("eager", { podManagementPolicy: "Parallel" }, never));
    await eventually("all of the Parallel", async () => (await podsOf(kubectl, "eager")).size === 3);
    await kubectl("wait", "pod/halted-0", "--for=jsonpath={.status.phase}=Running", "--timeout=60s");
    assert.equal(await namesOf(kubectl, "halted"), "halted-0");
    await kubectl("scale", "statefulset", "eager", "--replicas=1");
    await eventually("one of the Parallel", async () => (await namesOf(kubectl, "eager")) === "eager-0");
    await kubectl("delete", "statefulset", "halted", "eager");
  });

  it("pods that are left behind are taken over by a set of the same name", async () => {
    await kubectl.apply(manifest("left", { replicas: 2 }));
    await rolledOut(kubectl, "left");
    const uids = async () => [...(await podsOf(kubectl, "left")).values()].map(({ metadata }) => metadata.uid);
    const before = await uids();
    await kubectl("delete", "statefulset", "left", "--cascade=orphan");
    assert.deepEqual(await uids(), before);
    await kubectl.apply(manifest("left", { replicas: 2 }));
    const set = await kubectl.json<StatefulSet>("statefulset", "left");
    await eventually("the pods adopted", async () => {
      const owners = [...(await podsOf(kubectl, "left")).values()].map(
        ({ metadata }) => metadata.ownerReferences?.[0]?.uid,
      );
      return owners.length === 2 && owners.every((owner) => owner === set.metadata.uid);
    });
    await rolledOut(kubectl, "left");
    assert.deepEqual(await uids(), before);
    const { items } = await kubectl.json<{ items: ControllerRevision[] }>("controllerrevisions", "-l", "app=left");
    assert.equal(items.length, 1, "the history too");
  });

  it("claims go with what the retention policy says", async () => {
    const claimed = await cluster.inNamespace("retention");
    await claimed.apply(
      manifest("short", {
        replicas: 2,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
          },
        ],
      }),
    );
    await rolledOut(claimed, "short");
    const claims = async () =>
      (await claimed.json<{ items: PersistentVolumeClaim[] }>("pvc")).items
        .map(({ metadata }) => metadata.name)
        .join(" ");
    assert.equal(await claims(), "data-short-0 data-short-1");
    await claimed("scale", "statefulset", "short", "--replicas=1");
    await eventually("its claim gone with the pod", async () => (await claims()) === "data-short-0");
    await claimed("scale", "statefulset", "short", "--replicas=2");
    await rolledOut(claimed, "short");
    assert.equal(await claims(), "data-short-0 data-short-1");
    await claimed("delete", "statefulset", "short");
    await eventually("all claims gone with the set", async () => (await claims()) === "");
  });

  it("conformance: pods that a node refuses are made again, scale and status can be patched, sets are deleted by label", async () => {
    const alone = await cluster.inNamespace("conformance");
    const hostPort = (name: string, pod: object) => ({
      containers: [{ name, image: "nginx:1.29", ports: [{ containerPort: 80, hostPort: 8765 }] }],
      nodeName: "knarr-1",
      ...pod,
    });
    await alone.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "squatter" },
        spec: hostPort("a", { terminationGracePeriodSeconds: 0 }),
      }),
    );
    await alone("wait", "pod/squatter", "--for=condition=Ready", "--timeout=60s");
    await alone.apply(
      manifest("port", {
        replicas: 1,
        template: { metadata: { labels: { app: "port" } }, spec: hostPort("b", {}) },
      }),
    );
    const seen = new Set<string>();
    await eventually("the refused pod made again and again", async () => {
      for (const { metadata } of (await podsOf(alone, "port")).values()) seen.add(metadata.uid!);
      return seen.size >= 3;
    });
    await alone("delete", "pod", "squatter", "--now");
    await rolledOut(alone, "port");
    const scale = ["statefulset", "port", "--subresource=scale"];
    const { spec } = await alone.json<{ readonly spec: object }>(...scale);
    assert.deepEqual(spec, { replicas: 1 });
    await alone("patch", ...scale, "--type=merge", "-p", JSON.stringify({ spec: { replicas: 0 } }));
    await eventually("none", async () => (await podsOf(alone, "port")).size === 0);
    await alone(
      "patch",
      "statefulset",
      "port",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status: { conditions: [{ type: "StatusPatched", status: "True" }] } }),
    );
    const { status } = await alone.json<StatefulSet>("statefulset", "port");
    assert.equal(status?.conditions?.[0]?.type, "StatusPatched");
    await alone("label", "statefulset", "port", "bulk=yes");
    await alone("delete", "statefulset", "-l", "bulk=yes");
    await eventually("all gone", async () => (await podsOf(alone, "port")).size === 0);
  });
});
