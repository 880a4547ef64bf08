import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { PersistentVolumeSpec, Pod, Volume } from "#objects";
import { createTestDirectory, modeOf, mountTypesIn, NEEDS_ROOT } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith, setUpFailed } from "../testing/world.ts";

const DATA: Volume = { name: "data", persistentVolumeClaim: { claimName: "data" } };
const named = (pod: Pod, uid: string): Pod => ({ ...pod, metadata: { ...pod.metadata, uid } });

async function createLocalWorld(spec: Partial<PersistentVolumeSpec> = {}) {
  const dir = await createTestDirectory();
  const disk = join(dir.path, "disk");
  await mkdir(disk);
  await writeFile(join(disk, "file"), "kept", { mode: 0o600 });
  const world = createVolumesWorld(join(dir.path, "kubelet"), { nodeLabels: () => ({ disk: "ssd" }) });
  await mkdir(join(dir.path, "kubelet"));
  world.sources.putClaim("data", "pv", { local: { path: disk }, ...spec });
  return { ...world, disk, root: join(dir.path, "kubelet"), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

describe("local volumes", { skip: NEEDS_ROOT }, () => {
  test("are bound to a directory of the pod, and outlive it and the kubelet", async () => {
    await using world = await createLocalWorld();
    const pod = podWith([DATA]);
    await world.start().mount(pod);
    const volumes = world.start();
    await volumes.mount(pod);
    const [mount] = await mountsOf(volumes, pod);
    assert.equal(mount?.hostPath, join(world.root, "pods/u1/volumes/kubernetes.io~local-volume/pv"));
    assert.equal(await readFile(join(mount.hostPath, "file"), "utf8"), "kept");
    assert.equal((await mountTypesIn(world.root)).length, 1, "it is mounted once");
    await writeFile(join(mount.hostPath, "more"), "1");
    await volumes.unmount(pod);
    assert.deepEqual(await mountTypesIn(world.root), []);
    assert.deepEqual(await readdir(join(world.root, "pods")), []);
    assert.deepEqual((await readdir(world.disk)).toSorted(), ["file", "more"]);
  });

  test("stay when the pod that used them is an orphan", async () => {
    await using world = await createLocalWorld();
    await world.start().mount(podWith([DATA]));
    await world.start().removeOrphans(new Set());
    assert.deepEqual(await readdir(join(world.root, "pods")), []);
    assert.equal(await readFile(join(world.disk, "file"), "utf8"), "kept");
  });

  test("cannot be written to by a pod that claims them read-only", async () => {
    await using world = await createLocalWorld({ mountOptions: ["noexec"] });
    const volumes = world.start();
    const pod = podWith([{ name: "data", persistentVolumeClaim: { claimName: "data", readOnly: true } }], {
      securityContext: { fsGroup: 1234 },
    });
    await volumes.mount(pod);
    const [mount] = await mountsOf(volumes, pod);
    assert.equal(mount?.readOnly, true);
    await assert.rejects(writeFile(join(mount!.hostPath, "more"), ""), { code: "EROFS" });
    assert.equal(await modeOf(world.disk), "755 0:0", "its group stays");
    const line = (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .find((one) => one.includes(mount!.hostPath));
    assert.match(line ?? "", / ro,.*noexec/);
    await volumes.unmount(pod);
  });

  test("are given to the group of the first pod, and a second pod is warned when it wants another", async () => {
    await using world = await createLocalWorld();
    const volumes = world.start();
    const of = (uid: string, fsGroup: number) => named(podWith([DATA], { securityContext: { fsGroup } }), uid);
    const events: string[] = [];
    const listener = {
      onEvent: (level: string, reason: string, message: string) => void events.push(`${level} ${reason} ${message}`),
    };
    await volumes.mount(of("u1", 1234), listener);
    assert.deepEqual(await Promise.all([modeOf(world.disk), modeOf(join(world.disk, "file"))]), [
      "2775 0:1234",
      "660 0:1234",
    ]);
    await volumes.mount(of("u2", 1234), listener);
    assert.deepEqual(events, []);
    await volumes.mount(of("u3", 99), listener);
    assert.equal(await modeOf(world.disk), "2775 0:1234", "another pod uses it");
    assert.deepEqual(events, [
      "Warning AlreadyMountedVolume The requested fsGroup is 99, but the volume pv has GID 1234. The volume may not be shareable.",
    ]);
    for (const uid of ["u1", "u2", "u3"]) await volumes.unmount(of(uid, 0));
  });

  test("that cannot be given to the group are not taken as ready by the next try", async (t) => {
    await using world = await createLocalWorld();
    const volumes = world.start();
    const pod = podWith([DATA], { securityContext: { fsGroup: 1234 } });
    const file = join(world.disk, "file");
    // Then not even root may change its owner.
    const made = spawnSync("chattr", ["+i", file]);
    if (made.status !== 0) return t.skip("the file system has no attributes");
    try {
      for (const attempt of ["first", "second"]) {
        await assert.rejects(volumes.mount(pod), /operation not permitted/, attempt);
        assert.deepEqual(await mountTypesIn(world.root), [], "nothing of it is left");
      }
    } finally {
      spawnSync("chattr", ["-i", file]);
    }
    await volumes.mount(pod);
    assert.equal(await modeOf(file), "660 0:1234");
    await volumes.unmount(pod);
  });

  const gone = join("/", "nonexistent");
  const elsewhere = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "Exists" }] }] } };
  const cases: readonly (readonly [title: string, spec: Partial<PersistentVolumeSpec>, message: string])[] = [
    [
      "is not there",
      { local: { path: gone } },
      `MountVolume.NewMounter initialization failed for volume "pv" : path "${gone}" does not exist`,
    ],
    [
      "is a file",
      { local: { path: "/etc/passwd" } },
      'MountVolume.NewMounter initialization failed for volume "pv" : only directory and block device are supported',
    ],
    [
      "is on another node",
      {
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "In", values: ["tape"] }] }],
          },
        },
      },
      'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
    ],
  ];
  for (const [title, spec, message] of cases) {
    test(`cannot be mounted when the path ${title}`, async () => {
      await using world = await createLocalWorld({ nodeAffinity: elsewhere, ...spec });
      const volumes = world.start();
      await assert.rejects(volumes.mount(podWith([DATA])), { name: "MountError", message });
      assert.deepEqual(await mountTypesIn(world.root), []);
      await volumes.unmount(podWith([DATA]));
    });
  }

  test("of which only one pod may have it are refused to a second one", async () => {
    await using world = await createLocalWorld({ accessModes: ["ReadWriteOncePod"] });
    const volumes = world.start();
    await volumes.mount(podWith([DATA]));
    const why = "volume uses the ReadWriteOncePod access mode and is already in use by another pod";
    await assert.rejects(volumes.mount(named(podWith([DATA]), "u2")), setUpFailed("pv", why));
    await volumes.unmount(podWith([DATA]));
    await volumes.mount(named(podWith([DATA]), "u2"));
    await volumes.unmount(named(podWith([DATA]), "u2"));
  });
});

/** A device on a file; undefined where there are none to be had. */
function loopDevice(file: string): string | undefined {
  try {
    execFileSync(TRUNCATE, ["-s", "16M", file]);
    return execFileSync(LOSETUP, ["--find", "--show", file], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

const TRUNCATE = "truncate";
const LOSETUP = "losetup";

describe("devices of the node", { skip: NEEDS_ROOT }, () => {
  test("get a file system once, are mounted for all pods together, and are left with the last", async (t) => {
    await using world = await createLocalWorld();
    const device = loopDevice(join(world.disk, "image"));
    if (!device) return t.skip("needs loop devices");
    t.after(() => execFileSync(LOSETUP, ["--detach", device]));
    world.sources.putClaim("data", "pv", { local: { path: device } });
    const pod = podWith([DATA]);
    const volumes = world.start();
    const readOnly = podWith([{ name: "data", persistentVolumeClaim: { claimName: "data", readOnly: true } }]);
    await assert.rejects(volumes.mount(named(readOnly, "u0")), {
      message: new RegExp(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode$`),
    });
    await volumes.unmount(named(readOnly, "u0"));
    await volumes.mount(pod);
    await volumes.mount(named(pod, "u2"));
    const at = (uid: string) => join(world.root, "pods", uid, "volumes/kubernetes.io~local-volume/pv");
    await writeFile(join(at("u1"), "file"), "kept");
    assert.equal(await readFile(join(at("u2"), "file"), "utf8"), "kept");
    assert.deepEqual(await mountTypesIn(world.root), ["ext4", "ext4", "ext4"]);
    await volumes.unmount(pod);
    assert.deepEqual(await mountTypesIn(world.root), ["ext4", "ext4"]);
    await volumes.unmount(named(pod, "u2"));
    assert.deepEqual(await mountTypesIn(world.root), []);
    await volumes.mount(named(readOnly, "u3"));
    assert.equal(await readFile(join(at("u3"), "file"), "utf8"), "kept", "what is on it stays");
    await volumes.unmount(named(readOnly, "u3"));
    world.sources.putClaim("data", "pv", { local: { path: device, fsType: "vfat" } });
    await assert.rejects(volumes.mount(named(pod, "u4")), {
      message:
        /^MountVolume\.MountDevice failed for volume "pv" : local: failed to mount device .* it already contains ext4\./,
    });
    await volumes.unmount(named(pod, "u4"));
    assert.deepEqual(await mountTypesIn(world.root), []);
  });

  test("are handed on as they are when the volume is a block device, and nothing else is", async (t) => {
    await using world = await createLocalWorld({ volumeMode: "Block" });
    const pod = podWith([DATA], {}, { volumeMounts: [], volumeDevices: [{ name: "data", devicePath: "/dev/xvda" }] });
    const volumes = world.start();
    await assert.rejects(volumes.mount(named(pod, "u0")), {
      message: /^MapVolume\.MapPodDevice failed for volume "pv"/,
    });
    const device = loopDevice(join(world.disk, "image"));
    if (!device) return t.skip("needs loop devices");
    t.after(() => execFileSync(LOSETUP, ["--detach", device]));
    world.sources.putClaim("data", "pv", { local: { path: device }, volumeMode: "Block" });
    await volumes.mount(pod);
    assert.deepEqual(await volumes.devicesOf?.(pod, pod.spec!.containers[0]!), [
      { hostPath: device, containerPath: "/dev/xvda", permissions: "mrw" },
    ]);
    await volumes.unmount(pod);
  });
});

describe("paths of the node behind a claim", () => {
  test("are mounted as they are, and have no mount options", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const volumes = world.start();
    world.sources.putClaim("data", "pv", { hostPath: { path: "/srv", type: "" } });
    await volumes.mount(podWith([DATA]));
    const [mount] = await mountsOf(volumes, podWith([DATA]));
    assert.equal(mount?.hostPath, "/srv");
    world.sources.putClaim("data", "pv", { hostPath: { path: "/srv" }, mountOptions: ["ro"] });
    await assert.rejects(volumes.mount(named(podWith([DATA]), "u2")), {
      message:
        'MountVolume.MountOptionSupport check failed for volume "pv" : mount options are not supported for this volume type',
    });
    await volumes.close();
  });

  test("wait for the claim to be bound, and tell when it may be", async () => {
    await using dir = await createTestDirectory();
    const world = createVolumesWorld(dir.path);
    const volumes = world.start();
    world.sources.putClaim("data", "pv", { hostPath: { path: "/srv" } }, { status: { phase: "Pending" } });
    let changes = 0;
    const failed: unknown = await volumes
      .mount(podWith([DATA]), { onChange: () => void changes++ })
      .catch((error: unknown) => error);
    assert.deepEqual((failed as { readonly failures: unknown }).failures, [
      { volume: "data", message: "error processing PVC default/data: PVC is not bound", unprocessed: true },
    ]);
    world.sources.putClaim("data", "pv", { hostPath: { path: "/srv" } });
    assert.equal(changes, 1);
    await volumes.mount(podWith([DATA]));
    await volumes.close();
  });
});
