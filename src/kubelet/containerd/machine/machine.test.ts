import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { describeMachine } from "./describe.ts";
import { detectRuntime } from "./detect.ts";
import { measure, readHugePages } from "./read.ts";
import { judgeRuntime, missingText, PACKAGES } from "./requirements.ts";

const isLinux = process.platform === "linux";
const onLinux = { skip: isLinux ? false : "it reads what Linux says of itself" };

async function temporary<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "knarr-machine-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the machine is described as a node with its name, address, capacity and versions", onLinux, () =>
  temporary(async (folder) => {
    const dataDir = join(folder, "new", "data");
    const options = { dataDir, podCidr: "10.244.0.0/24", kubeletVersion: "v1.36.3" };
    const node = await describeMachine(options);
    assert.equal(node.name, hostname().toLowerCase());
    assert.deepEqual(
      node.addresses.map(({ type }) => type),
      ["InternalIP", "Hostname"],
    );
    assert.match(node.addresses[0]?.address ?? "", /^\d+\.\d+\.\d+\.\d+$/);
    for (const resource of ["cpu", "memory", "ephemeral-storage", "pods"]) {
      assert.match(node.capacity[resource] ?? "", /^[1-9]\d*(?:[KMGT]i)?$/, resource);
      assert.ok(node.allocatable?.[resource], resource);
    }
    assert.notEqual(node.allocatable?.["memory"], node.capacity["memory"]);
    assert.match(node.info.bootId, /^[0-9a-f-]{36}$/);
    assert.match(node.info.architecture, /^[a-z0-9]+$/);
    const named = await describeMachine({ ...options, name: "n1", address: "10.9.9.9", maxPods: 5 });
    assert.deepEqual(
      [named.name, named.capacity["pods"], named.addresses],
      [
        "n1",
        "5",
        [
          { type: "InternalIP", address: "10.9.9.9" },
          { type: "Hostname", address: "n1" },
        ],
      ],
    );
  }),
);

test("the memory, disks, inodes and processes that are left are measured", onLinux, async () => {
  const measured = await measure({ nodefs: tmpdir(), imagefs: tmpdir() });
  assert.equal(measured.size, 6);
  for (const [signal, { available, capacity }] of measured) {
    assert.ok(Number.isFinite(available) && available >= 0 && available <= capacity, signal);
  }
  await assert.rejects(measure({ nodefs: "/nowhere/at/all", imagefs: "/" }), { code: "ENOENT" });
});

test("huge pages are read from the kernel's folder by size", () =>
  temporary(async (folder) => {
    for (const [name, count] of [
      ["hugepages-2048kB", "3"],
      ["hugepages-1048576kB", "0"],
      ["hugepages-64kB", "1"],
      ["other", "1"],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "nr_hugepages"), `${count}\n`);
    }
    assert.deepEqual(await readHugePages(folder), { "2Mi": 3 * 2 * 1024 ** 2, "1Gi": 0, "64Ki": 64 * 1024 });
    assert.deepEqual(await readHugePages(join(folder, "none")), {});
  }));

describe("the check for what containers need", () => {
  const all = new Map([...PACKAGES.keys()].map((name) => [name, `/usr/bin/${name}`]));
  const good = { platform: "linux", isRoot: true, programs: all, networkPlugins: "/usr/lib/cni" };

  test("names what is missing, and the command that installs it", () => {
    assert.deepEqual(judgeRuntime(good), { ok: true, programs: all, networkPlugins: "/usr/lib/cni" });
    const none = judgeRuntime({
      ...good,
      programs: new Map([["apt-get", "/usr/bin/apt-get"]]),
      networkPlugins: undefined,
    });
    assert.deepEqual(none, {
      ok: false,
      missing: [...PACKAGES.keys(), "network plugins (bridge, host-local, loopback)"],
      hint: "apt-get install containerd runc nftables iproute2 mount containernetworking-plugins",
    });
    const few = new Map([...all].filter(([name]) => name !== "nft"));
    const user = judgeRuntime({ ...good, isRoot: false, programs: few });
    assert.ok(!user.ok);
    assert.equal(missingText(user), "real containers lack root rights, nft (install nftables, and start it as root)");
    const onlyRoot = judgeRuntime({ ...good, isRoot: false });
    assert.deepEqual(onlyRoot, { ok: false, missing: ["root rights"], hint: "start it as root" });
    assert.equal(judgeRuntime({ ...good, platform: "darwin" }).ok, false);
    const given = { ...good, networkPlugins: undefined, givenContainerd: true };
    const own = new Map([...all].filter(([name]) => !["containerd", "ctr", "runc"].includes(name)));
    assert.equal(judgeRuntime({ ...given, programs: own }).ok, true, "what a given containerd needs is its own affair");
    const lacking = judgeRuntime({ ...given, programs: new Map() });
    assert.deepEqual(lacking.ok ? [] : lacking.missing, ["nft", "ip", "mount"]);
  });

  test("searches the folders that the options name", () =>
    temporary(async (folder) => {
      const bin = join(folder, "bin");
      const plugins = join(folder, "cni");
      for (const at of [bin, plugins]) await mkdir(at);
      const options = { path: [join(folder, "no"), bin], pluginFolders: [plugins], platform: "linux", isRoot: true };
      for (const name of PACKAGES.keys()) await writeFile(join(bin, name), "", { mode: 0o755 });
      for (const name of ["bridge", "host-local"]) await writeFile(join(plugins, name), "", { mode: 0o755 });
      await writeFile(join(plugins, "loopback"), "", { mode: 0o644 });
      const before = await detectRuntime(options);
      assert.deepEqual(before.ok ? [] : before.missing, ["network plugins (bridge, host-local, loopback)"]);
      await chmod(join(plugins, "loopback"), 0o755);
      const after = await detectRuntime(options);
      assert.ok(after.ok);
      assert.deepEqual([after.networkPlugins, after.programs.get("nft")], [plugins, join(bin, "nft")]);
    }));
});
