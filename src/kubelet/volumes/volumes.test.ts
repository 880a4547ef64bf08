import assert from "node:assert/strict";
import { chmod, mkdir, open, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Mount } from "#kubelet";
import type { Pod, Volume } from "#objects";
import { mountsUnder } from "./linux/mount-info.ts";
import { createMounter } from "./linux/mounter.ts";
import { createTestDirectory, modeOf, NEEDS_ROOT, visibleFiles } from "./testing/directory.ts";
import { createVolumesWorld, podWith } from "./testing/world.ts";
import type { NodeVolumes } from "./volumes.ts";

const NO_VARIABLES = new Map<string, string>();
const mountsOf = (volumes: NodeVolumes, pod: Pod, env: ReadonlyMap<string, string> = NO_VARIABLES) =>
  volumes.mountsOf(pod, pod.spec!.containers[0]!, env);
const setUpFailed = (volume: string, why: string) => ({
  name: "MountError",
  message: `MountVolume.SetUp failed for volume "${volume}" : ${why}`,
});

/** Real files change in their own time; some of them while they are looked at. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < 20_000; turns++) {
    if (await done().catch(() => false)) return;
    await turn();
  }
  assert.fail("it did not come to be");
}

describe("volumes on disk", () => {
  test("an emptyDir is open to all, and gone with its pod", async () => {
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

  test("a ConfigMap: not before it is there, and then as it is", async () => {
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
    await volumes.mount(pod, ({ message }) => stale.push(message));
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

  test("optional sources, and volumes that nobody uses", async () => {
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

  test("a directory for what is mounted within", async () => {
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

  test("files of variables", async () => {
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

describe("paths of the node", () => {
  const hostPath = (path: string, type?: string): Volume => ({
    name: "h",
    hostPath: { path, ...(type ? { type } : {}) },
  });

  test("all types, there, missing and made", async () => {
    await using dir = await createTestDirectory();
    await using _server = await listen(join(dir.path, "socket"));
    await mkdir(join(dir.path, "dir"));
    await writeFile(join(dir.path, "file"), "");
    const volumes = createVolumesWorld(dir.path).start();
    const at = (name: string) => (name.startsWith("/") ? name : join(dir.path, name));
    let serial = 0;
    const mount = async (name: string, type?: string) => {
      const pod = podWith([hostPath(at(name), type)]);
      const own = { ...pod, metadata: { ...pod.metadata, uid: `u${serial++}` } };
      await volumes.mount(own);
      return (await mountsOf(volumes, own))[0]?.hostPath;
    };
    const good: readonly (readonly [name: string, type?: string])[] = [
      ["whatever"],
      ["dir", "Directory"],
      ["file", "File"],
      ["new/dir", "DirectoryOrCreate"],
      ["dir", "DirectoryOrCreate"],
      ["new/file", "FileOrCreate"],
      ["file", "FileOrCreate"],
      ["socket", "Socket"],
      ["/dev/null", "CharDevice"],
    ];
    for (const [name, type] of good) assert.equal(await mount(name, type), at(name));
    assert.ok((await stat(at("new/dir"))).isDirectory());
    assert.ok((await stat(at("new/file"))).isFile());
    const bad: readonly (readonly [name: string, type: string, what: string])[] = [
      ["file", "Directory", "directory"],
      ["none", "Directory", "directory"],
      ["file/below", "Directory", "directory"],
      ["file", "DirectoryOrCreate", "directory"],
      ["dir", "File", "file"],
      ["dir", "FileOrCreate", "file"],
      ["file", "Socket", "socket file"],
      ["file", "CharDevice", "character device"],
      ["/dev/null", "BlockDevice", "block device"],
    ];
    for (const [name, type, what] of bad) {
      const why = `hostPath type check failed: ${at(name)} is not a ${what}`;
      await assert.rejects(mount(name, type), setUpFailed("h", why));
    }
    await assert.rejects(mount("x", "Odd"), setUpFailed("h", "Odd is an invalid volume type"));
    await assert.rejects(mount("/a/../b"), setUpFailed("h", "invalid HostPath `/a/../b`: must not contain '..'"));
    await volumes.close();
    assert.ok((await stat(at("file"))).isFile());
  });
});

async function listen(path: string): Promise<AsyncDisposable> {
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe("what this node does not do", () => {
  const cases: readonly (readonly [volume: Volume, why: string])[] = [
    [
      { name: "v", persistentVolumeClaim: { claimName: "c" } },
      "no volume plugin matched: persistentVolumeClaim volumes are not supported by this node",
    ],
    [
      { name: "v", nfs: { server: "s", path: "/" } },
      "no volume plugin matched: nfs volumes are not supported by this node",
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
    test(why, async () => {
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
          directory: "example.com~nfs",
          supports: ({ nfs }) => nfs !== undefined,
          async setUp({ path }) {
            await mkdir(path, { recursive: true });
            return { content: { type: "path", path }, readOnly: true };
          },
          tearDown: ({ podUid, name }) => Promise.resolve(void undone.push(`${podUid}/${name}`)),
        },
      ],
    });
    const pod = podWith([{ name: "v", nfs: { server: "s", path: "/" } }]);
    await start().mount(pod);
    // Another process knows of it only by what is on the disk.
    await start().unmount(pod);
    assert.deepEqual(undone, ["u1/v"]);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });
});

describe("image volumes", () => {
  const podOf = (pullPolicy?: string, subPath?: string) =>
    podWith(
      [{ name: "i", image: { reference: "quay.io/x:1", ...(pullPolicy ? { pullPolicy } : {}) } }],
      {},
      { volumeMounts: [{ name: "i", mountPath: "/i", ...(subPath ? { subPath } : {}) }] },
    );

  test("fetched by policy, mounted by the runtime", async () => {
    await using dir = await createTestDirectory();
    const pulls: string[] = [];
    let present: string | undefined;
    let serial = 0;
    const images = {
      imageId: () => Promise.resolve(present),
      pullImage: (image: string) => {
        pulls.push(image);
        return Promise.resolve({ id: "sha256:new", bytes: 1 });
      },
    };
    const volumes = createVolumesWorld(dir.path, { images }).start();
    const mounted = async (...shape: Parameters<typeof podOf>) => {
      const pod = podOf(...shape);
      const own = { ...pod, metadata: { ...pod.metadata, uid: `u${serial++}` } };
      await volumes.mount(own);
      pulls.length = 0;
      const [mount] = await mountsOf(volumes, own);
      return { mount, pulls: pulls.length };
    };
    assert.deepEqual(await mounted(undefined, "a/b"), {
      mount: {
        containerPath: "/i",
        image: "sha256:new",
        hostPath: "a/b",
        readOnly: true,
        recursiveReadOnly: false,
        propagation: "None",
      },
      pulls: 1,
    });
    await assert.rejects(mounted("Never"), {
      reason: "ErrImageNeverPull",
      message: 'Container image "quay.io/x:1" is not present with pull policy of Never',
    });
    present = "sha256:old";
    const outcomes = [await mounted("IfNotPresent"), await mounted("Never"), await mounted("Always")];
    assert.deepEqual(
      outcomes.map(({ mount, pulls: count }) => `${mount?.image} ${count}`),
      ["sha256:old 0", "sha256:old 0", "sha256:new 1"],
    );
    await volumes.close();
  });
});

describe("volumes in memory", { skip: NEEDS_ROOT }, () => {
  const mountsIn = async (path: string) => mountsUnder(await createMounter().list(), path).map((mount) => mount.type);

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
    assert.deepEqual(await mountsIn(dir.path), ["tmpfs", "tmpfs"]);
    assert.deepEqual(await visibleFiles(secret), { word: "pass" });
    assert.equal(await modeOf(join(secret, "..data/word")), "440 0:5555");
    assert.equal(await modeOf(memory), "3777 0:5555");
    await assert.rejects(writeFile(join(memory, "large"), Buffer.alloc(100_000)), { code: "ENOSPC" });
    world.sources.putSecret("s", { word: "new" });
    await until(async () => (await visibleFiles(secret))["word"] === "new");
    assert.equal(await modeOf(join(secret, "..data/word")), "440 0:5555");

    await volumes.close();
    assert.deepEqual(await mountsIn(dir.path), ["tmpfs", "tmpfs"]);
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await mountsIn(dir.path), ["tmpfs", "tmpfs"]);
    await next.unmount(pod);
    assert.deepEqual(await mountsIn(dir.path), []);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("a token: its user's alone, and replaced in time", async () => {
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
    assert.deepEqual(await readdir(dir.path), [], "nothing is begun in vain");
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

  test("sub paths: by expression, kept over a restart, replaced when they mean something else", async () => {
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
    assert.equal((await mountsIn(dir.path)).length, 2);

    await volumes.close();
    const next = world.start();
    await next.mount(pod);
    assert.deepEqual(await mountsOf(next, pod, env), mounts);
    assert.equal((await mountsIn(dir.path)).length, 2);
    await next.unmount(pod);
    assert.deepEqual(await mountsIn(dir.path), []);
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
  });

  test("what a pod's users put in the way leads nowhere", async () => {
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

  test("pods that nobody knows any more leave nothing, those that are known everything", async () => {
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
    await createMounter().tmpfs(join(path, "inner"), 4096);
    await volumes.close();
    const next = world.start();
    await next.removeOrphans(new Set(["u2"]));
    assert.deepEqual(await readdir(join(dir.path, "pods")), ["u2"]);
    assert.equal((await mountsIn(dir.path)).length, 1);
    await next.removeOrphans(new Set());
    assert.deepEqual(await readdir(join(dir.path, "pods")), []);
    assert.deepEqual(await mountsIn(dir.path), []);
  });

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
    assert.deepEqual(await mountsIn(dir.path), []);
  });

  test("thirty pods at once", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    world.sources.putSecret("s", { word: "pass" });
    const volumes = world.start();
    const pod = podWith([{ name: "s", secret: { secretName: "s" } }]);
    const pods = Array.from({ length: 30 }, (_, i) => ({ ...pod, metadata: { ...pod.metadata, uid: `u${i}` } }));
    await Promise.all(pods.map((one) => volumes.mount(one)));
    assert.equal((await mountsIn(dir.path)).length, 30);
    await Promise.all(pods.map((one) => volumes.unmount(one)));
    assert.equal((await mountsIn(dir.path)).length, 0);
    assert.equal(world.sources.open, 0);
    await assert.rejects(readlink(join(dir.path, "pods/u1")));
  });
});
