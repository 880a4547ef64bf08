import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { nodeFolders } from "../src/cluster/nodes/containerd/folders.ts";
import { TestDriver } from "../src/kubelet/volumes/testing/csi-driver.ts";
import { eventually } from "./support/cluster-under-test.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();
const DRIVER = "test.csi.example";

const OBJECTS = `
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: { name: ${DRIVER} }
spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: [Persistent, Ephemeral] }
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: csi-pv }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  csi: { driver: ${DRIVER}, volumeHandle: disk-1 }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], storageClassName: "", resources: { requests: { storage: 1Gi } } }
`;

const pod = (name: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: busybox
      command: [sleep, "1000"]
      volumeMounts: [{ name: data, mountPath: /data }, { name: own, mountPath: /own }]
  volumes:
    - { name: data, persistentVolumeClaim: { claimName: data } }
    - { name: own, csi: { driver: ${DRIVER} } }
`;

describe("a CSI driver with real containers", { skip }, () => {
  const real = useRealCluster();

  test("comes with its socket, and pods see its volumes, claimed and their own", async (t) => {
    const kubectl = await real.cluster.inNamespace("csi");
    const dataDir = await mkdtemp(join(tmpdir(), "knarr-csi-"));
    const driver = new TestDriver({ rootDir: nodeFolders(real.cluster.dataDir).kubelet, dataDir, mounts: true });
    t.after(async () => {
      await driver.stop();
      await rm(dataDir, { recursive: true });
    });
    await kubectl.apply([OBJECTS, pod("one")].join("---"));
    await eventually("an Event that says what is missing", async () =>
      (await kubectl("events", "--for", "pod/one")).includes(
        `driver name ${DRIVER} not found in the list of registered CSI drivers`,
      ),
    );
    await driver.start();
    await kubectl("wait", "--for=condition=Ready", "pod/one", "--timeout=120s");
    assert.match(
      await kubectl("get", "csinodes", "-o", "jsonpath={.items[*].spec.drivers[*].name}"),
      /test\.csi\.example/,
    );
    const inside = (script: string) => kubectl("exec", "one", "--", "sh", "-c", script);
    await inside("echo kept > /data/file && echo gone > /own/file");
    assert.equal(await readFile(join(driver.folderOf("disk-1"), "file"), "utf8"), "kept\n");

    await kubectl("delete", "pod", "one");
    assert.deepEqual(driver.ready, { staged: [], published: [] }, "everything is undone when the pod has gone");
    await kubectl.apply(pod("two"));
    await kubectl("wait", "--for=condition=Ready", "pod/two", "--timeout=120s");
    assert.equal(await kubectl("exec", "two", "--", "cat", "/data/file"), "kept\n");
    await kubectl("delete", "pod", "two");
    assert.deepEqual(driver.ready, { staged: [], published: [] });
  });
});
