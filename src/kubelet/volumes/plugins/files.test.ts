import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Volume } from "#objects";
import { createTestDirectory, modeOf, mountTypesIn, NEEDS_ROOT, until, visibleFiles } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith, setUpFailed } from "../testing/world.ts";

describe("volumes on disk", () => {
  test("a ConfigMap fails the mount until it is there, and is written as the volume selects", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const volumes = world.start();
    const items = [{ key: "k", path: "dir/file", mode: 0o400 }];
    const pod = podWith([
      { name: "all", configMap: { name: "cm" } },
      { name: "some", configMap: { name: "cm", items } },
    ]);
    await assert.rejects(volumes.mount(pod), {
      failures: [
        { volume: "all", message: 'MountVolume.SetUp failed for volume "all" : configmap "cm" not found' },
        { volume: "some", message: 'MountVolume.SetUp failed for volume "some" : configmap "cm" not found' },
      ],
    });
    world.sources.putConfigMap("cm", { other: "1" });
    await assert.rejects(volumes.mount(pod), setUpFailed("some", "configmap references non-existent config key: k"));
    world.sources.putConfigMap("cm", { other: "2", k: "v" });
    await volumes.mount(pod);
    const [all, some] = (await mountsOf(volumes, pod)).map(({ hostPath }) => hostPath);
    assert.ok(all && some);
    await until(async () => (await visibleFiles(all))["k"] === "v");
    assert.deepEqual(await visibleFiles(all), { other: "2", k: "v" });
    assert.deepEqual(await visibleFiles(some), { "dir/file": "v" });
    assert.ok((await mountsOf(volumes, pod)).every(({ readOnly }) => readOnly));
    await volumes.unmount(pod);
  });

  test("content follows the ConfigMap and the pod's labels, and stays when they are gone", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putConfigMap("cm", { k: "1" });
    const pod = podWith([
      { name: "cm", configMap: { name: "cm" } },
      { name: "me", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
    ]);
    const volumes = world.start();
    const stale: string[] = [];
    await volumes.mount(pod, { onStale: ({ message }) => stale.push(message) });
    const [cm, me] = (await mountsOf(volumes, pod)).map(({ hostPath }) => hostPath);
    assert.ok(cm && me);
    assert.deepEqual(await visibleFiles(me), { labels: 'app="web"' });
    world.sources.putConfigMap("cm", { k: "2", more: "x" });
    await until(async () => (await visibleFiles(cm))["more"] === "x");
    assert.deepEqual(await visibleFiles(cm), { k: "2", more: "x" });
    volumes.update({ ...pod, metadata: { ...pod.metadata, labels: { app: "api" } } });
    await until(async () => (await visibleFiles(me))["labels"] === 'app="api"');

    world.sources.putConfigMap("cm", undefined);
    await until(() => Promise.resolve(stale.length > 0));
    assert.deepEqual(stale, ['MountVolume.SetUp failed for volume "cm" : configmap "cm" not found']);
    await until(async () => {
      await world.clock.advance(10_000);
      return stale.length > 1;
    });
    assert.deepEqual(await visibleFiles(cm), { k: "2", more: "x" });
    // The next process finds it as it was left, and follows it on.
    await volumes.close();
    assert.equal(world.sources.open, 0);
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await visibleFiles(cm), { k: "2", more: "x" });
    world.sources.putConfigMap("cm", { k: "3" });
    await until(async () => (await visibleFiles(cm))["k"] === "3");
    await next.unmount(pod);
    assert.equal(world.sources.open, 0);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("optional sources may be missing, and volumes that no container uses are set up too", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const pod = podWith([{ name: "cm", configMap: { name: "no", optional: true } }]);
    const unused: Volume = { name: "unused", configMap: { name: "no" } };
    const both = { ...pod, spec: { ...pod.spec!, volumes: [...pod.spec!.volumes!, unused] } };
    const volumes = world.start();
    await volumes.mount(both);
    const [cm] = await mountsOf(volumes, both);
    assert.deepEqual(await visibleFiles(cm!.hostPath), {});
    world.sources.putConfigMap("no", { late: "1" });
    await until(async () => (await visibleFiles(cm!.hostPath))["late"] === "1");
    await volumes.close();
  });

  test("a volume has a directory for what is mounted within it", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putConfigMap("cm", { k: "1" });
    const volumeMounts = [
      { name: "cm", mountPath: "/etc/app" },
      { name: "data", mountPath: "/etc/app/cache/x" },
    ];
    const pod = podWith(
      [
        { name: "cm", configMap: { name: "cm" } },
        { name: "data", emptyDir: {} },
      ],
      {},
      { volumeMounts },
    );
    const volumes = world.start();
    await volumes.mount(pod);
    const [cm] = await mountsOf(volumes, pod);
    assert.ok((await stat(join(cm!.hostPath, "cache/x"))).isDirectory());
    await volumes.close();
  });
});

describe("volumes in memory", { skip: NEEDS_ROOT }, () => {
  test("Secrets never come to rest on the disk; nothing is mounted twice; nothing is left", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putSecret("s", { word: "pass" });
    const pod = podWith(
      [
        { name: "s", secret: { secretName: "s", defaultMode: 0o400 } },
        { name: "m", emptyDir: { medium: "Memory", sizeLimit: "64Ki" } },
      ],
      { securityContext: { fsGroup: 5555 } },
    );
    const volumes = world.start();
    await volumes.mount(pod);
    await volumes.mount(pod);
    const [secret, memory] = (await mountsOf(volumes, pod)).map(({ hostPath }) => hostPath);
    assert.ok(secret && memory);
    assert.deepEqual(await mountTypesIn(dir.path), ["tmpfs", "tmpfs"]);
    assert.deepEqual(await visibleFiles(secret), { word: "pass" });
    assert.equal(await modeOf(join(secret, "..data/word")), "440 0:5555");
    assert.equal(await modeOf(memory), "3777 0:5555");
    await assert.rejects(writeFile(join(memory, "large"), Buffer.alloc(100_000)), { code: "ENOSPC" });
    world.sources.putSecret("s", { word: "new" });
    await until(async () => (await visibleFiles(secret))["word"] === "new");
    assert.equal(await modeOf(join(secret, "..data/word")), "440 0:5555");

    await volumes.close();
    assert.deepEqual(await mountTypesIn(dir.path), ["tmpfs", "tmpfs"]);
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await mountTypesIn(dir.path), ["tmpfs", "tmpfs"]);
    await next.unmount(pod);
    assert.deepEqual(await mountTypesIn(dir.path), []);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("a token is its user's alone, and is replaced in time", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const { clock, sources } = world;
    let issued = 0;
    let fails = false;
    sources.issue = () =>
      fails
        ? Promise.reject(new Error('serviceaccounts "default" not found'))
        : Promise.resolve({ token: `t${++issued}`, issuedAt: clock.now(), expiresAt: clock.now() + 600_000 });
    const source = { serviceAccountToken: { path: "token", expirationSeconds: 600 } };
    const pod = podWith([{ name: "t", projected: { sources: [source] } }], { securityContext: { runAsUser: 1234 } });
    const volumes = world.start();
    fails = true;
    const why = 'failed to fetch token: serviceaccounts "default" not found';
    await assert.rejects(volumes.mount(pod), setUpFailed("t", why));
    assert.deepEqual(await readdir(dir.path), [], "nothing is left half done");
    fails = false;
    await volumes.mount(pod);
    const [mount] = await mountsOf(volumes, pod);
    const path = mount!.hostPath;
    assert.deepEqual(await visibleFiles(path), { token: "t1" });
    assert.equal(await modeOf(join(path, "..data/token")), "600 1234:0");
    await clock.advance(460_000);
    await volumes.mount(pod);
    assert.equal(issued, 1);
    await clock.advance(21_000);
    await until(async () => (await visibleFiles(path))["token"] === "t2");
    // The service account is gone for a while: the old token serves until it ends.
    fails = true;
    await clock.advance(481_000);
    await volumes.mount(pod);
    assert.deepEqual(await visibleFiles(path), { token: "t2" });
    fails = false;
    for (let i = 0; i < 4 && issued < 3; i++) {
      await clock.advance(30_000);
      await volumes.mount(pod);
    }
    await until(async () => (await visibleFiles(path))["token"] === "t3");
    await volumes.unmount(pod);
    const before = issued;
    await clock.advance(3_600_000);
    assert.equal(issued, before);
  });
});
