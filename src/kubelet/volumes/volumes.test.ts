import assert from "node:assert/strict";
import { mkdir, readdir, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Volume } from "#objects";
import { runCommand } from "#programs";
import { createMounter } from "./linux/mounter.ts";
import { createTestDirectory, mountTypesIn, NEEDS_ROOT } from "./testing/directory.ts";
import { createVolumesWorld, podWith, setUpFailed } from "./testing/world.ts";

describe("a volume that this node does not know", () => {
  const cases: readonly (readonly [volume: Volume, why: string])[] = [
    [
      { name: "v", rbd: { monitors: ["m"], image: "i" } },
      "no volume plugin matched: rbd volumes are not supported by this node",
    ],
    [
      { name: "v", emptyDir: { medium: "HugePages-2Mi" } },
      'storage medium "HugePages-2Mi" is not supported by this node',
    ],
    [{ name: "v", emptyDir: { medium: "Odd" } }, 'unknown storage medium "Odd"'],
    [{ name: "..", emptyDir: {} }, 'invalid name for a directory: ".."'],
    [{ name: "a/b", emptyDir: {} }, 'invalid name for a directory: "a/b"'],
  ];
  for (const [volume, why] of cases) {
    test(`fails the mount with the reason: ${why}`, async () => {
      await using dir = await createTestDirectory();
      const volumes = createVolumesWorld(dir.path).start();
      await assert.rejects(volumes.mount(podWith([volume])), setUpFailed(volume.name, why));
      await volumes.close();
    });
  }

  test("another kind of volume can be plugged in, and undoes what it did", async () => {
    await using dir = await createTestDirectory();
    const undone: string[] = [];
    const { start } = createVolumesWorld(dir.path, {
      plugins: () => [
        {
          directory: "example.com~glusterfs",
          supports: ({ volume }) => volume.glusterfs !== undefined,
          async setUp({ path }) {
            await mkdir(path, { recursive: true });
            return { content: { type: "path", path }, readOnly: true };
          },
          tearDown: ({ podUid, name }) => Promise.resolve(void undone.push(`${podUid}/${name}`)),
        },
      ],
    });
    const pod = podWith([{ name: "v", glusterfs: { endpoints: "s", path: "/" } }]);
    await start().mount(pod);
    // Another process knows of it only by what is on the disk.
    await start().unmount(pod);
    assert.deepEqual(undone, ["u1/v"]);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });
});

describe("volumes in memory", { skip: NEEDS_ROOT }, () => {
  test("volumes below a symbolic link are found again as they were", async () => {
    await using dir = await createTestDirectory();
    const [there, link] = [join(dir.path, "there"), join(dir.path, "link")];
    await mkdir(there);
    await symlink(there, link);
    const world = createVolumesWorld(link);
    world.sources.putSecret("s", { word: "pass" });
    const pod = podWith([{ name: "s", secret: { secretName: "s" } }]);
    await world.start().mount(pod);
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await mountTypesIn(there), ["tmpfs"]);
    await next.unmount(pod);
    assert.deepEqual(await mountTypesIn(there), []);
    assert.deepEqual(await readdir(join(there, "pods")), []);
  });

  test("removing orphans removes all volumes of unknown pods and none of known pods", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putSecret("s", { word: "pass" });
    const pod = podWith([{ name: "s", secret: { secretName: "s" } }]);
    const other = { ...pod, metadata: { ...pod.metadata, uid: "u2" } };
    const volumes = world.start();
    await volumes.mount(pod);
    await volumes.mount(other);
    await writeFile(join(dir.path, "pods/u1/etc-hosts"), "");
    // Mounted by a container, and left.
    const path = join(dir.path, "pods/u1/volumes/kubernetes.io~secret/s");
    await mkdir(join(path, "inner"));
    await createMounter(runCommand).tmpfs(join(path, "inner"), 4096);
    await volumes.close();
    const next = world.start();
    await next.removeOrphans(new Set(["u2"]));
    assert.deepEqual(await readdir(join(dir.path, "pods")), ["u2"]);
    assert.equal((await mountTypesIn(dir.path)).length, 1);
    await next.removeOrphans(new Set());
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
    assert.deepEqual(await mountTypesIn(dir.path), []);
  });

  test("thirty pods mount and unmount at once, and nothing is left", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putSecret("s", { word: "pass" });
    const volumes = world.start();
    const pod = podWith([{ name: "s", secret: { secretName: "s" } }]);
    const pods = Array.from({ length: 30 }, (_, i) => ({ ...pod, metadata: { ...pod.metadata, uid: `u${i}` } }));
    await Promise.all(pods.map((one) => volumes.mount(one)));
    assert.equal((await mountTypesIn(dir.path)).length, 30);
    await Promise.all(pods.map((one) => volumes.unmount(one)));
    assert.equal((await mountTypesIn(dir.path)).length, 0);
    assert.equal(world.sources.open, 0);
    await assert.rejects(readlink(join(dir.path, "pods/u1")));
  });
});
