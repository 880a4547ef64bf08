import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTestDirectory, NEEDS_ROOT } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith } from "../testing/world.ts";

describe("directories that another machine serves", () => {
  test("are mounted with the options of their PersistentVolume, and as the pod's own volumes", async () => {
    await using dir = await createTestDirectory();
    const commands: string[] = [];
    const runPatiently = (program: string, args: readonly string[]) => {
      commands.push([program, ...args].join(" "));
      return Promise.resolve("");
    };
    const world = createVolumesWorld(dir.path, { runPatiently });
    world.sources.putClaim("data", "pv", {
      nfs: { server: "fd00::1", path: "/srv", readOnly: true },
      mountOptions: ["nfsvers=4.2", "hard"],
    });
    const volumes = world.start();
    const pod = podWith([
      { name: "data", persistentVolumeClaim: { claimName: "data" } },
      { name: "own", nfs: { server: "10.0.0.1", path: "/own" } },
    ]);
    await volumes.mount(pod);
    const at = (name: string) => join(dir.path, "pods/u1/volumes/kubernetes.io~nfs", name);
    assert.deepEqual(commands.toSorted(), [
      `mount -t nfs -o hard,nfsvers=4.2,ro [fd00::1]:/srv ${at("pv")}`,
      `mount -t nfs 10.0.0.1:/own ${at("own")}`,
    ]);
    const mounts = await mountsOf(volumes, pod);
    assert.deepEqual(
      mounts.map(({ hostPath, readOnly }) => [hostPath, readOnly]),
      [
        [at("pv"), true],
        [at("own"), false],
      ],
    );
    await volumes.unmount(pod);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  const absent = existsSync("/sbin/mount.nfs") || existsSync("/usr/sbin/mount.nfs") ? "mount.nfs is here" : NEEDS_ROOT;
  test("cannot be had without the machine's mount.nfs, and that is said", { skip: absent }, async () => {
    await using dir = await createTestDirectory();
    const volumes = createVolumesWorld(dir.path).start();
    const pod = podWith([{ name: "own", nfs: { server: "127.0.0.1", path: "/own" } }]);
    await assert.rejects(
      volumes.mount(pod),
      /^MountError: MountVolume\.SetUp failed for volume "own" : mount failed: .*no mount\.nfs: its package is called nfs-common or nfs-utils\)$/s,
    );
    await volumes.unmount(pod);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });
});
