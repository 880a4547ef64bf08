import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

const volume = (name: string, namespace: string, ...lines: readonly string[]) => `
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${namespace}-${name} }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  persistentVolumeReclaimPolicy: Retain
  claimRef: { apiVersion: v1, kind: PersistentVolumeClaim, namespace: ${namespace}, name: ${name} }
${lines.map((line) => `  ${line}\n`).join("")}`;

const claim = (name: string, namespace: string, ...lines: readonly string[]) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: ${namespace}-${name}
  resources: { requests: { storage: 1Gi } }
${lines.map((line) => `  ${line}\n`).join("")}`;

const pod = (name: string, claimed: string, mount = "", ...spec: readonly string[]) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
${spec.map((line) => `  ${line}\n`).join("")}  containers:
    - { name: main, image: busybox, command: [sleep, "1000"], volumeMounts: [{ name: data, mountPath: /data${mount} }] }
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${claimed} } }]
`;

/** What the binder writes: for a cluster that has none. */
async function bind(kubectl: Kubectl, name: string, namespace: string): Promise<void> {
  const { metadata } = await kubectl.json<{ metadata: { uid: string } }>("pvc", name);
  await kubectl("patch", "pv", `${namespace}-${name}`, "-p", JSON.stringify({ spec: { claimRef: metadata } }));
  await kubectl("annotate", "pvc", name, "pv.kubernetes.io/bind-completed=yes", "--overwrite");
  await kubectl("patch", "pvc", name, "--subresource=status", "-p", '{"status":{"phase":"Bound"}}');
}

describe("claimed volumes of real containers", { skip }, () => {
  const real = useRealCluster();
  const inside = (kubectl: Kubectl, name: string, script: string) =>
    kubectl("exec", name, "-c", "main", "--", "sh", "-c", script);
  const ready = (kubectl: Kubectl, ...names: readonly string[]) =>
    kubectl("wait", "--for=condition=Ready", ...names.map((name) => `pod/${name}`), "--timeout=120s");

  test("a directory of the node is seen through its claim, and outlives the pods", async (t) => {
    const kubectl = await real.cluster.inNamespace("local");
    const folder = await mkdtemp(join(tmpdir(), "knarr-local-"));
    t.after(() => rm(folder, { recursive: true }));
    const disk = join(folder, "disk");
    await mkdir(disk);
    await writeFile(join(disk, "hello"), "from the node");
    const node = (await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")).trim();
    const here = `nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [${node}] }] }] } }`;
    await kubectl.apply(
      [
        volume("data", "local", `local: { path: ${disk} }`, here),
        claim("data", "local"),
        volume("path", "local", `hostPath: { path: ${join(folder, "path")}, type: DirectoryOrCreate }`),
        claim("path", "local"),
      ].join("---"),
    );
    await bind(kubectl, "data", "local");
    await bind(kubectl, "path", "local");
    await kubectl.apply(
      [
        pod("writer", "data", "", "securityContext: { fsGroup: 4321, supplementalGroups: [7] }"),
        pod("part", "data", ", subPath: deep/er"),
        pod("path", "path"),
      ].join("---"),
    );
    await ready(kubectl, "writer", "part", "path");
    assert.equal(await inside(kubectl, "writer", "cat /data/hello"), "from the node");
    await inside(kubectl, "writer", "echo more > /data/more");
    assert.equal(await readFile(join(disk, "more"), "utf8"), "more\n");
    assert.equal((await stat(join(disk, "more"))).gid, 4321, "the group of the directory");
    await inside(kubectl, "part", "echo inner > /data/file");
    assert.equal(await readFile(join(disk, "deep/er/file"), "utf8"), "inner\n");
    await inside(kubectl, "path", "echo made > /data/file");
    assert.equal(await readFile(join(folder, "path/file"), "utf8"), "made\n");

    await kubectl("delete", "pod", "--all", "--wait=true");
    assert.deepEqual((await readdir(disk)).toSorted(), ["deep", "hello", "more"]);
    await kubectl.apply(pod("reader", "data").replace("claimName: data", "claimName: data, readOnly: true"));
    await ready(kubectl, "reader");
    assert.equal(
      await inside(kubectl, "reader", "cat /data/more; touch /data/x 2>/dev/null || echo refused"),
      "more\nrefused\n",
    );
  });

  test("a pod on a node waits for its claim and says so, and a volume that is not there is said", async () => {
    const kubectl = await real.cluster.inNamespace("waits");
    const node = (await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")).trim();
    await kubectl.apply(
      [pod("none", "none", "", `nodeName: ${node}`), pod("gone", "gone", "", `nodeName: ${node}`)].join("---"),
    );
    const says = (name: string, text: string) =>
      eventually(`${name} to say: ${text}`, async () =>
        (await kubectl("events", "--for", `pod/${name}`)).includes(text),
      );
    await says(
      "none",
      'error processing PVC waits/none: failed to fetch PVC from API server: persistentvolumeclaims "none" not found',
    );
    await kubectl.apply(
      [
        volume("gone", "waits", "hostPath: { path: /nonexistent, type: Directory }"),
        claim("gone", "waits"),
        volume("none", "waits", "hostPath: { path: /tmp }"),
        claim("none", "waits"),
      ].join("---"),
    );
    await bind(kubectl, "gone", "waits");
    await bind(kubectl, "none", "waits");
    await says(
      "gone",
      'MountVolume.SetUp failed for volume "waits-gone" : hostPath type check failed: /nonexistent is not a directory',
    );
    await ready(kubectl, "none");
  });
});
