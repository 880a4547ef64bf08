import assert from "node:assert/strict";
import { chmod, open, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Mount } from "#kubelet";
import { createTestDirectory, modeOf, mountTypesIn, NEEDS_ROOT } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith } from "../testing/world.ts";

describe("volumes on disk", () => {
  test("an emptyDir is writable by all, and gone with its pod", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const volumes = world.start();
    const pod = podWith([{ name: "data", emptyDir: {} }, { name: "plain" }]);
    await volumes.mount(pod);
    const mounts = await mountsOf(volumes, pod);
    const path = join(dir.path, "pods/u1/volumes/kubernetes.io~empty-dir/data");
    const expected: Mount = {
      containerPath: "/data",
      hostPath: path,
      readOnly: false,
      recursiveReadOnly: false,
      propagation: "None",
    };
    assert.deepEqual(mounts[0], expected);
    assert.equal((await modeOf(path)).split(" ")[0], "777");
    await writeFile(join(path, "file"), "kept");
    await chmod(path, 0o700);
    await volumes.mount(pod);
    await volumes.close();
    await world.start().mount(pod);
    assert.equal(await readFile(join(path, "file"), "utf8"), "kept");
    assert.equal((await modeOf(path)).split(" ")[0], "700", "what is ready is left alone");
    await volumes.unmount(pod);
    await volumes.unmount(pod);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("a file of variables is read from the volume, and from nowhere else", async () => {
    await using dir = await createTestDirectory();
    const volumes = createVolumesWorld(dir.path).start();
    const pod = podWith([{ name: "data", emptyDir: {} }]);
    await volumes.mount(pod);
    const [data] = await mountsOf(volumes, pod);
    await writeFile(join(data!.hostPath, "vars"), "K='v'\n");
    await symlink("/etc/passwd", join(data!.hostPath, "out"));
    assert.equal(await volumes.readFile(pod, "data", "vars"), "K='v'\n");
    for (const path of ["out", "none", "../../x"]) {
      await assert.rejects(volumes.readFile(pod, "data", path), { message: "couldn't parse env file" });
    }
    await assert.rejects(volumes.readFile(pod, "other", "x"), /cannot find the volume "other"/);
    await volumes.close();
  });
});

describe("volumes in memory", { skip: NEEDS_ROOT }, () => {
  test("a volume that is busy is not given up: what is mounted stays whole", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const pod = podWith([{ name: "m", emptyDir: { medium: "Memory" } }]);
    const volumes = world.start();
    await volumes.mount(pod);
    const [mount] = await mountsOf(volumes, pod);
    await writeFile(join(mount!.hostPath, "file"), "x");
    const held = await open(join(mount!.hostPath, "file"));
    await assert.rejects(volumes.unmount(pod), /busy/);
    assert.equal(await readFile(join(mount!.hostPath, "file"), "utf8"), "x");
    await held.close();
    await volumes.unmount(pod);
    assert.deepEqual(await mountTypesIn(dir.path), []);
  });
});
