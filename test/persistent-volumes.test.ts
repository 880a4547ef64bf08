import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";

const example = (name: string) => readFile(join(import.meta.dirname, "../examples", name), "utf8");

describe("kubectl works on claims and volumes of simulated Pods (S4, S5)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest({ nodes: 2 });
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const phaseOf = (kubectl: Kubectl, resource: string) =>
    kubectl("get", ...resource.split(" "), "-o=jsonpath={.status.phase}");
  const untilPhase = (kubectl: Kubectl, resource: string, phase: string) =>
    kubectl("wait", `--for=jsonpath={.status.phase}=${phase}`, resource, "--timeout=60s");
  const gone = (kubectl: Kubectl, resource: string) =>
    eventually(`${resource} is gone`, async () => (await kubectl.try(["get", resource])).code !== 0);

  it("gives a claim the smallest volume of the pool that fits, and leaves one Pending that asks too much", async () => {
    const kubectl = await cluster.inNamespace("pool");
    await kubectl.apply(await example("volume-pool.yaml"));
    await untilPhase(kubectl, "pvc/data", "Bound");
    await kubectl("wait", "--for=condition=Ready", "pod/writer", "--timeout=60s");
    assert.match(await kubectl("get", "pvc", "data"), /^data +Bound +pool-medium +5Gi +RWO +<unset> +\S+$/m);
    assert.match(
      await kubectl("get", "pv", "pool-medium"),
      /^pool-medium +5Gi +RWO +Retain +Bound +pool\/data +<unset> +\S+$/m,
    );
    for (const name of ["pool-small", "pool-large", "pool-shared"]) {
      assert.equal(await phaseOf(kubectl, `pv ${name}`), "Available");
    }
    const described = await kubectl("describe", "pvc", "too-much");
    assert.match(described, /^Status: +Pending$/m);
    assert.match(
      described,
      /Normal +FailedBinding .* persistentvolume-controller +no persistent volumes available for this claim and no storage class is set/,
    );

    await kubectl("delete", "pvc", "data", "--wait=false");
    assert.match(await kubectl("get", "pvc", "data"), /^data +Terminating/m, "the Pod uses it");
    await kubectl("delete", "pod", "writer", "--now");
    await gone(kubectl, "pvc/data");
    await untilPhase(kubectl, "pv/pool-medium", "Released");
    await kubectl("patch", "pv", "pool-medium", "--type=json", '-p=[{"op":"remove","path":"/spec/claimRef"}]');
    await untilPhase(kubectl, "pv/pool-medium", "Available");
  });

  it("makes a volume for a claim that names a class, on the node of the Pod that uses it", async () => {
    const kubectl = await cluster.inNamespace("class");
    await kubectl.apply(await example("storage-class.yaml"));
    await kubectl("wait", "--for=condition=Ready", "pod/gallery", "--timeout=60s");
    const claim = await kubectl.json<PersistentVolumeClaim>("pvc", "photos");
    assert.equal(claim.status?.phase, "Bound");
    const node = await kubectl("get", "pod", "gallery", "-o=jsonpath={.spec.nodeName}");
    const volume = await kubectl.json<PersistentVolume>("pv", claim.spec?.volumeName ?? "");
    assert.deepEqual(volume.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values, [node]);
    assert.match(await kubectl("get", "pvc", "usual"), /^usual +Pending +knarr-local +<unset>/m);
    assert.match(await kubectl("describe", "pvc", "usual"), /WaitForFirstConsumer .* waiting for first consumer/);
    assert.match(
      await kubectl("describe", "pvc", "photos"),
      /ProvisioningSucceeded .* Successfully provisioned volume pvc-/,
    );
    assert.match(
      await kubectl("get", "sc"),
      /^knarr-local \(default\) +knarr.dev\/local +Delete +WaitForFirstConsumer +true/m,
    );

    await kubectl("delete", "pod", "gallery", "--now");
    await kubectl("delete", "pvc", "photos");
    await untilPhase(kubectl, `pv/${volume.metadata.name}`, "Released");
  });

  it("grows a claim of the default class, and deletes its volume with it", async () => {
    const kubectl = await cluster.inNamespace("growth");
    const run = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" } };
    const spec = {
      containers: [{ name: "main", image: "nginx", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
    };
    await kubectl.apply(
      `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
${JSON.stringify({ ...run, spec })}`,
    );
    await untilPhase(kubectl, "pvc/data", "Bound");
    const larger = (size: string) => `{"spec":{"resources":{"requests":{"storage":"${size}"}}}}`;
    await kubectl("patch", "pvc", "data", "-p", larger("3Gi"));
    await kubectl("wait", "--for=jsonpath={.status.capacity.storage}=3Gi", "pvc/data", "--timeout=60s");
    const name = await kubectl("get", "pvc", "data", "-o=jsonpath={.spec.volumeName}");
    assert.equal(await kubectl("get", "pv", name, "-o=jsonpath={.spec.capacity.storage}"), "3Gi");
    const shrunk = await kubectl.try(["patch", "pvc", "data", "-p", larger("1Gi")]);
    assert.match(shrunk.stderr, /field can not be less than status\.capacity/);
    await kubectl("delete", "pod", "web", "--now");
    await kubectl("delete", "pvc", "data");
    await gone(kubectl, `pv/${name}`);
  });

  it("makes and removes the claim of a generic ephemeral volume with its Pod", async () => {
    const kubectl = await cluster.inNamespace("ephemeral");
    await kubectl.apply(`
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers: [{ name: main, image: nginx, volumeMounts: [{ name: scratch, mountPath: /scratch }] }]
  volumes:
    - name: scratch
      ephemeral:
        volumeClaimTemplate:
          spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`);
    await kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s");
    const name = await kubectl("get", "pvc", "web-scratch", "-o=jsonpath={.spec.volumeName}");
    await kubectl("delete", "pod", "web", "--now");
    await gone(kubectl, "pvc/web-scratch");
    await gone(kubectl, `pv/${name}`);
  });

  it("volumes, claims and classes are created, read, changed, patched in status and deleted together", async () => {
    const kubectl = await cluster.inNamespace("lifecycle");
    const labels = "labels: { life: cycle }";
    await kubectl.apply(`
apiVersion: v1
kind: PersistentVolume
metadata: { name: cycle, ${labels} }
spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], storageClassName: cycle, hostPath: { path: /cycle } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: cycle, ${labels} }
spec: { accessModes: [ReadWriteOnce], storageClassName: cycle, volumeName: cycle, resources: { requests: { storage: 1Gi } } }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: cycle, ${labels} }
provisioner: example.com/none
`);
    await untilPhase(kubectl, "pvc/cycle", "Bound");
    const field = (resource: string, path: string) => kubectl("get", resource, `-o=jsonpath={${path}}`);
    assert.equal(await field("pv/cycle", ".metadata.finalizers"), '["kubernetes.io/pv-protection"]');
    assert.equal(await field("pvc/cycle", ".metadata.finalizers"), '["kubernetes.io/pvc-protection"]');
    const status = (body: object) => JSON.stringify({ status: body });
    const message = { reason: "Tried", message: "by a test" };
    await kubectl("patch", "pv", "cycle", "--subresource=status", "-p", status(message));
    assert.equal(await field("pv/cycle", ".status.reason"), "Tried");
    const conditions = [{ type: "Tried", status: "True", ...message }];
    await kubectl("patch", "pvc", "cycle", "--subresource=status", "-p", status({ conditions }));
    assert.equal(await field("pvc/cycle", ".status.conditions[0].reason"), "Tried");
    assert.equal(await field("pvc/cycle", ".status.phase"), "Bound", "what others wrote stays");
    await kubectl("patch", "sc", "cycle", "-p", '{"allowVolumeExpansion":true}');
    assert.equal(await field("sc/cycle", ".allowVolumeExpansion"), "true");
    await kubectl("delete", "pvc,pv,sc", "-l", "life=cycle", "--timeout=60s");
    assert.equal(await kubectl("get", "pvc,pv,sc", "-l", "life=cycle", "-o=name"), "");
  });
});
