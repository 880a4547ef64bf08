import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { configMap, deployment } from "./support/manifests.ts";

describe("owners, namespaces and what goes with them (F4, S3)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest();
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const uidOf = (kubectl: Kubectl, resource: string, name: string, ...more: string[]) =>
    kubectl("get", resource, name, "-o=jsonpath={.metadata.uid}", ...more);
  const owner = (name: string, uid: string, more = "") =>
    `{apiVersion: v1, kind: ConfigMap, name: ${name}, uid: ${uid}${more}}`;
  const owned = (name: string, ...owners: string[]) => configMap(name, {}, `ownerReferences: [${owners.join(", ")}]`);
  const names = async (kubectl: Kubectl) =>
    (await kubectl("get", "configmaps", "-o=jsonpath={.items[*].metadata.name}"))
      .split(" ")
      .filter((name) => name !== "kube-root-ca.crt");
  const gone = (kubectl: Kubectl, resource: string, name: string) =>
    eventually(`${resource} ${name} is gone`, async () => (await kubectl.try(["get", resource, name])).code === 1);

  it("background: the owner goes at once, what it owns follows", async () => {
    const kubectl = await cluster.inNamespace("background");
    await kubectl.apply(deployment("web", { replicas: 2 }));
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await kubectl("delete", "deployment", "web");
    await eventually("everything is gone", async () => (await kubectl("get", "replicasets,pods", "-o", "name")) === "");
  });

  it("foreground: the owner waits for what blocks it", async () => {
    const kubectl = await cluster.inNamespace("foreground");
    await kubectl("create", "configmap", "owner");
    const uid = await uidOf(kubectl, "configmap", "owner");
    const held = configMap(
      "blocking",
      {},
      `finalizers: [example.org/hold], ownerReferences: [${owner("owner", uid, ", blockOwnerDeletion: true")}]`,
    );
    await kubectl.apply(held);
    await kubectl("delete", "configmap", "owner", "--cascade=foreground", "--wait=false");
    await eventually(
      "what it owns is being deleted",
      async () => (await kubectl("get", "configmap", "blocking", "-o=jsonpath={.metadata.deletionTimestamp}")) !== "",
    );
    assert.equal(
      await kubectl("get", "configmap", "owner", "-o=jsonpath={.metadata.finalizers}"),
      '["foregroundDeletion"]',
    );
    await kubectl("patch", "configmap", "blocking", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
    await gone(kubectl, "configmap", "owner");
    await gone(kubectl, "configmap", "blocking");
  });

  it("orphan: what it owned stays, without the reference", async () => {
    const kubectl = await cluster.inNamespace("orphaned");
    await kubectl("create", "configmap", "owner");
    await kubectl.apply(owned("left", owner("owner", await uidOf(kubectl, "configmap", "owner"))));
    await kubectl("delete", "configmap", "owner", "--cascade=orphan");
    await gone(kubectl, "configmap", "owner");
    assert.equal(await kubectl("get", "configmap", "left", "-o=jsonpath={.metadata.ownerReferences}"), "");
  });

  it("two owners: it goes with the last one", async () => {
    const kubectl = await cluster.inNamespace("shared");
    await kubectl("create", "configmap", "one");
    await kubectl("create", "configmap", "two");
    const [one, two] = [await uidOf(kubectl, "configmap", "one"), await uidOf(kubectl, "configmap", "two")];
    await kubectl.apply(owned("both", owner("one", one), owner("two", two)));
    await kubectl("delete", "configmap", "one");
    await eventually(
      "one reference is left",
      async () =>
        (await kubectl("get", "configmap", "both", "-o=jsonpath={.metadata.ownerReferences[*].name}")) === "two",
    );
    await kubectl("delete", "configmap", "two");
    await gone(kubectl, "configmap", "both");
  });

  it("an owner that never was, or was made anew, owns nothing", async () => {
    const kubectl = await cluster.inNamespace("absent");
    await kubectl("create", "configmap", "anew");
    const old = await uidOf(kubectl, "configmap", "anew");
    await kubectl("delete", "configmap", "anew");
    await kubectl("create", "configmap", "anew");
    await kubectl.apply(owned("widow", owner("anew", old)));
    await gone(kubectl, "configmap", "widow");
    assert.deepEqual(await names(kubectl), ["anew"]);
  });

  it("a cluster-scoped object is never collected for a namespaced owner, and an Event tells of the reference", async () => {
    const kubectl = await cluster.inNamespace("scopes");
    await kubectl("create", "secret", "generic", "owner");
    const uid = await uidOf(kubectl, "secret", "owner");
    await kubectl.apply(
      `{apiVersion: v1, kind: Namespace, metadata: {name: precious, ownerReferences: [{apiVersion: v1, kind: Secret, name: owner, uid: ${uid}}]}}`,
    );
    await cluster.kubectl("wait", "serviceaccount/default", "-n", "precious", "--for=create", "--timeout=120s");
    await kubectl("delete", "secret", "owner");
    // What is deleted after the Secret is collected after it.
    await kubectl("create", "configmap", "later");
    await kubectl.apply(owned("behind", owner("later", await uidOf(kubectl, "configmap", "later"))));
    await kubectl("delete", "configmap", "later");
    await gone(kubectl, "configmap", "behind");
    const phase = await cluster.kubectl("get", "namespace", "precious", "-o=jsonpath={.status.phase}");
    assert.equal(phase, "Active");
    await eventually("the Event", async () => {
      const told = await cluster.kubectl("describe", "namespace", "precious");
      const events = await cluster.kubectl(
        "get",
        "events",
        "-n",
        "default",
        "--field-selector=reason=OwnerRefInvalidNamespace",
        "-o=jsonpath={range .items[*]}{.involvedObject.name}: {.message}{end}",
      );
      assert.match(told, /Name: +precious/);
      return (
        events ===
        `precious: ownerRef [v1/Secret, namespace: , name: owner, uid: ${uid}] does not exist in namespace ""`
      );
    });
    await cluster.kubectl("delete", "namespace", "precious");
  });

  it("a reference to another namespace, another name or another kind is to nothing: the object goes", async () => {
    const kubectl = await cluster.inNamespace("strays");
    await cluster.inNamespace("elsewhere");
    await kubectl("create", "configmap", "owner", "-n", "elsewhere");
    const away = await uidOf(kubectl, "configmap", "owner", "-n", "elsewhere");
    await kubectl.apply(owned("stray", owner("owner", away)));
    await gone(kubectl, "configmap", "stray");
    const message = [
      "get",
      "events",
      "--field-selector=reason=OwnerRefInvalidNamespace",
      "-o=jsonpath={.items[*].message}",
    ];
    await eventually(
      "an Event",
      async () =>
        (await kubectl(...message)) ===
        `ownerRef [v1/ConfigMap, namespace: strays, name: owner, uid: ${away}] does not exist in namespace "strays"`,
    );
    await kubectl("create", "configmap", "here");
    const here = await uidOf(kubectl, "configmap", "here");
    await kubectl.apply(owned("misnamed", owner("there", here)));
    await kubectl.apply(owned("mistaken", `{apiVersion: v1, kind: Secret, name: here, uid: ${here}}`));
    await gone(kubectl, "configmap", "misnamed");
    await gone(kubectl, "configmap", "mistaken");
    assert.deepEqual(await names(kubectl), ["here"]);
  });

  it("two that own each other go together", async () => {
    const kubectl = await cluster.inNamespace("circle");
    await kubectl("create", "configmap", "a");
    await kubectl.apply(owned("b", owner("a", await uidOf(kubectl, "configmap", "a"), ", blockOwnerDeletion: true")));
    const b = await uidOf(kubectl, "configmap", "b");
    await kubectl(
      "patch",
      "configmap",
      "a",
      "--type=merge",
      "-p",
      JSON.stringify({
        metadata: {
          ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "b", uid: b, blockOwnerDeletion: true }],
        },
      }),
    );
    await kubectl("delete", "configmap", "a", "--cascade=foreground", "--timeout=120s");
    await gone(kubectl, "configmap", "b");
  });

  it("every namespace gets its service account and its root certificate, and gets them back", async () => {
    const kubectl = await cluster.inNamespace("fresh");
    await kubectl("wait", "serviceaccount/default", "--for=create", "--timeout=120s");
    await kubectl("wait", "configmap/kube-root-ca.crt", "--for=create", "--timeout=120s");
    assert.match(
      await kubectl("get", "configmap", "kube-root-ca.crt", "-o=jsonpath={.data.ca\\.crt}"),
      /^-----BEGIN CERTIFICATE-----/,
    );
    const uid = await uidOf(kubectl, "serviceaccount", "default");
    await kubectl("delete", "serviceaccount", "default", "--wait=false");
    await kubectl("delete", "configmap", "kube-root-ca.crt", "--wait=false");
    await eventually("a new service account", async () => (await uidOf(kubectl, "serviceaccount", "default")) !== uid);
    await kubectl("wait", "configmap/kube-root-ca.crt", "--for=create", "--timeout=120s");
  });

  it("deleting a namespace empties it, and takes no new objects meanwhile", async () => {
    const kubectl = await cluster.inNamespace("doomed");
    await kubectl.apply(deployment("web", { replicas: 2 }));
    await kubectl.apply(configMap("held", {}, "finalizers: [example.org/hold]"));
    await kubectl("create", "service", "clusterip", "front", "--tcp=80");
    await kubectl("create", "job", "work", "--image=busybox");
    await cluster.kubectl("delete", "namespace", "doomed", "--wait=false");
    assert.match(await cluster.kubectl("get", "namespace", "doomed"), /Terminating/);
    const refused = await kubectl.try(["create", "configmap", "late"]);
    assert.match(refused.stderr, /unable to create new content in namespace doomed because it is being terminated/);
    await eventually(
      "only what is held is left",
      async () => (await names(kubectl)).join() === "held" && (await kubectl("get", "all", "-o", "name")) === "",
    );
    await eventually("a condition that tells why", async () => {
      const text = await cluster.kubectl(
        "get",
        "namespace",
        "doomed",
        '-o=jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}',
      );
      assert.match(
        text,
        /Some content in the namespace has finalizers remaining: example.org\/hold in 1 resource instances/,
      );
      return true;
    });
    await kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
    await cluster.kubectl("wait", "namespace/doomed", "--for=delete", "--timeout=120s");
    for (const name of ["default", "kube-system"]) {
      const kept = await cluster.kubectl.try(["delete", "namespace", name]);
      assert.match(kept.stderr, /is forbidden: this namespace may not be deleted/);
    }
  });

  it("claims, volumes and a namespace with a claim can be deleted; a claim that a Pod uses stays as long", async () => {
    const kubectl = await cluster.inNamespace("storage");
    const claim = (name: string) =>
      `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: ${name}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`;
    await kubectl.apply(claim("unused"));
    await kubectl("delete", "persistentvolumeclaim", "unused", "--timeout=60s");
    await kubectl.apply(
      `{apiVersion: v1, kind: PersistentVolume, metadata: {name: unused}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /tmp/unused}}}`,
    );
    await kubectl("delete", "persistentvolume", "unused", "--timeout=60s");

    await kubectl.apply(claim("used"));
    const pod = `{apiVersion: v1, kind: Pod, metadata: {name: user}, spec: {nodeName: gone, terminationGracePeriodSeconds: 0, containers: [{name: main, image: nginx}], volumes: [{name: data, persistentVolumeClaim: {claimName: used}}]}}`;
    await kubectl.apply(pod);
    await kubectl("delete", "persistentvolumeclaim", "used", "--wait=false");
    // A claim that is deleted later is gone: the controller has looked at both.
    await kubectl.apply(claim("later"));
    await kubectl("delete", "persistentvolumeclaim", "later", "--timeout=60s");
    assert.match(await kubectl("get", "persistentvolumeclaim", "used"), /Terminating/);
    await kubectl("delete", "pod", "user", "--force", "--grace-period=0");
    await gone(kubectl, "persistentvolumeclaim", "used");

    await kubectl.apply(claim("left"));
    await cluster.kubectl("delete", "namespace", "storage", "--timeout=120s");
  });
});
