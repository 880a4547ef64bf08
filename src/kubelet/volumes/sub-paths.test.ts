import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTestDirectory, modeOf, mountTypesIn, NEEDS_ROOT, until, visibleFiles } from "./testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith } from "./testing/world.ts";

describe("volumes in memory", { skip: NEEDS_ROOT }, () => {
  test("sub paths are expanded, stay over a restart, and are replaced when they mean something else", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putConfigMap("cm", { k: "1" });
    const volumeMounts = [
      { name: "data", mountPath: "/logs", subPathExpr: "logs/$(POD)" },
      { name: "cm", mountPath: "/k", subPath: "k" },
    ];
    const pod = podWith(
      [
        { name: "data", emptyDir: {} },
        { name: "cm", configMap: { name: "cm" } },
      ],
      {},
      { volumeMounts },
    );
    const env = new Map([["POD", "web-0"]]);
    const volumes = world.start();
    await volumes.mount(pod);
    await assert.rejects(mountsOf(volumes, pod), {
      reason: "CreateContainerConfigError",
      message: "missing value for POD",
    });
    const mounts = await mountsOf(volumes, pod, env);
    const [logs, key] = mounts.map(({ hostPath }) => hostPath);
    assert.ok(logs && key);
    assert.equal(logs, join(dir.path, "pods/u1/volume-subpaths/data/main/0"));
    await writeFile(join(logs, "line"), "x");
    const data = join(dir.path, "pods/u1/volumes/kubernetes.io~empty-dir/data");
    assert.deepEqual(await visibleFiles(data), { "logs/web-0/line": "x" });
    assert.equal((await modeOf(join(data, "logs/web-0"))).split(" ")[0], "777");
    assert.equal(await readFile(key, "utf8"), "1");

    // A container that runs keeps what it has; the next one gets what there is then.
    world.sources.putConfigMap("cm", { k: "2" });
    const cm = join(dir.path, "pods/u1/volumes/kubernetes.io~configmap/cm");
    await until(async () => (await visibleFiles(cm))["k"] === "2");
    assert.equal(await readFile(key, "utf8"), "1");
    assert.deepEqual(await mountsOf(volumes, pod, env), mounts);
    assert.equal(await readFile(key, "utf8"), "2");
    assert.equal((await mountTypesIn(dir.path)).length, 2);

    await volumes.close();
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await mountsOf(next, pod, env), mounts);
    assert.equal((await mountTypesIn(dir.path)).length, 2);
    await next.unmount(pod);
    assert.deepEqual(await mountTypesIn(dir.path), []);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("a link that a container put in the way of a sub path leads nowhere", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const outside = join(dir.path, "outside");
    await mkdir(outside);
    const volumeMounts = [{ name: "data", mountPath: "/d", subPath: "link/deep" }];
    const pod = podWith([{ name: "data", emptyDir: {} }], {}, { volumeMounts });
    const volumes = world.start();
    await volumes.mount(pod);
    await symlink(outside, join(dir.path, "pods/u1/volumes/kubernetes.io~empty-dir/data/link"));
    await assert.rejects(mountsOf(volumes, pod), {
      reason: "CreateContainerConfigError",
      message: 'failed to create subPath directory for volumeMount "data" of container "main"',
    });
    await mkdir(join(outside, "deep"));
    await assert.rejects(mountsOf(volumes, pod), {
      message: 'failed to prepare subPath for volumeMount "data" of container "main"',
    });
    await volumes.unmount(pod);
    assert.deepEqual(await readdir(outside), ["deep"]);
  });
});
