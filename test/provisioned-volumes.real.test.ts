import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { startRestartable, type RestartableCluster } from "./support/real-cluster.ts";

const skip = await skipUnlessReal();

const manifest = (pod: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${pod} }
spec:
  terminationGracePeriodSeconds: 1
  securityContext: { runAsUser: 1000 }
  containers:
    - { name: main, image: busybox, command: [sleep, "1000"], volumeMounts: [{ name: data, mountPath: /data }] }
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
`;

describe("volumes of the default class, with real containers", { skip }, () => {
  let real: RestartableCluster;
  before(async () => {
    real = await startRestartable();
  });
  after(() => real?.[Symbol.asyncDispose]());

  const inside = (kubectl: Kubectl, pod: string, script: string) => kubectl("exec", pod, "--", "sh", "-c", script);
  const start = async (kubectl: Kubectl, pod: string) => {
    await kubectl.apply(manifest(pod));
    await kubectl("wait", "--for=condition=Ready", `pod/${pod}`, "--timeout=120s");
  };

  test("keep their data when Pods come and go and Knarr stops, and lose it with their claim", async () => {
    const { kubectl } = real.current;
    await start(kubectl, "first");
    await inside(kubectl, "first", "echo remembered > /data/note");
    const name = await kubectl("get", "pvc", "data", "-o=jsonpath={.spec.volumeName}");
    const folder = join(real.dataDir, "volumes", name);
    assert.equal(await kubectl("get", "pv", name, "-o=jsonpath={.spec.local.path}"), folder);
    assert.equal(await readFile(join(folder, "note"), "utf8"), "remembered\n");
    assert.equal((await stat(folder)).mode & 0o777, 0o777, "containers of any user write to it");

    await kubectl("delete", "pod", "first", "--wait=true");
    await real.knarr("down");
    const { kubectl: again } = await real.start();
    await start(again, "second");
    assert.equal(await inside(again, "second", "cat /data/note"), "remembered\n");

    await again("delete", "pod", "second", "--wait=true");
    await again("delete", "pvc", "data");
    await eventually("the directory is gone", async () => !existsSync(folder));
    await eventually("the volume is gone", async () => (await again.try(["get", "pv", name])).code !== 0);
  });

  test("are removed with everything else by a purge", async () => {
    const { kubectl } = real.current;
    await start(kubectl, "third");
    await inside(kubectl, "third", "echo remembered > /data/note");
    await real.current.stop();
    const purged = await real.knarr("down", "--purge");
    assert.equal(purged.code, 0, purged.stderr);
    assert.equal(existsSync(join(real.dataDir, "volumes")), false);
    assert.deepEqual(await real.left(), []);
  });
});
