import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { eventually, KNARR } from "./support/cluster-under-test.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

/** Writes so many megabytes into a file, and goes on. */
const writer = (name: string, file: string, megabytes: number, more: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: busybox:1.36
      command: [sh, -c, "dd if=/dev/zero of=${file} bs=1M count=${megabytes}; sleep 1000"]
      ${more}
`;

describe("a node with a containerd of its own evicts pods over their limits on disk", { skip }, () => {
  const real = useRealCluster();

  test("status tells of the cluster's own containerd", async () => {
    const { stdout } = await real.namespace.run(KNARR, ["status", "--data-dir", real.cluster.dataDir]);
    assert.match(stdout, /^runtime +containerd \d+\.\d+\.\d+$/m);
    assert.match(stdout, /^memory +[\d.]+ MiB, and containerd's [1-9][\d.]* MiB$/m);
  });

  test("for an emptyDir, and for what a container writes over its image; others stay", async () => {
    const { kubectl } = real.cluster;
    const mount =
      "volumeMounts: [{ name: cache, mountPath: /cache }]\n  volumes: [{ name: cache, emptyDir: { sizeLimit: 5Mi } }]";
    const limit = 'resources: { limits: { ephemeral-storage: "5Mi" } }';
    await kubectl.apply(writer("fills-volume", "/cache/file", 20, mount));
    await kubectl.apply(writer("stays", "/cache/file", 1, mount));
    await kubectl("wait", "pod/stays", "--for=condition=Ready", "--timeout=120s");
    await kubectl.apply(writer("fills-root", "/tmp/file", 20, limit));
    const ended = (name: string) =>
      eventually(
        `${name} is evicted`,
        async () => {
          const { status } = await kubectl.json<{ status: { phase: string; reason: string; message: string } }>(
            "pod",
            name,
          );
          return status.phase === "Failed" && status;
        },
        120_000,
      );
    const [volume, root] = [await ended("fills-volume"), await ended("fills-root")];
    assert.deepEqual(
      [volume.reason, volume.message],
      ["Evicted", 'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". '],
    );
    assert.equal(root.reason, "Evicted");
    assert.match(root.message, /^Pod ephemeral local storage usage exceeds the total limit of containers 5Mi\. $/);
    assert.equal(await kubectl("get", "pod", "stays", "-o", "jsonpath={.status.phase}"), "Running");
    await eventually("the Event", async () =>
      /Warning +Evicted +pod\/fills-volume/.test(await kubectl("get", "events", "--field-selector=reason=Evicted")),
    );
  });
});
