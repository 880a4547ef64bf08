import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createScope, silentLog, systemClock } from "#base";
import { clearTask, isTaskLeft } from "./clear-task.ts";
import { configFile } from "./config-file.ts";
import { boundLog, endProcess, findDaemon, isAlive, spawnDaemon } from "./daemon-process.ts";
import { layoutOf } from "./layout.ts";
import { orphansOf, takeInventory, type Inventory, type Known } from "./leftovers.ts";
import { networkConfig } from "./network-config.ts";
import { nextBackOff, supervise } from "./supervise.ts";

describe("containerd's configuration", () => {
  it("keeps everything in its folder", () => {
    const layout = layoutOf("/data/c");
    const text = configFile({
      layout,
      snapshotter: "overlayfs",
      pauseImage: "knarr.dev/pause:1",
      cniPlugins: "/usr/lib/cni",
      maxConcurrentDownloads: 3,
      restrictOomScore: false,
    });
    for (const line of [
      "version = 2",
      'root = "/data/c/root"',
      'state = "/data/c/state"',
      'address = "/data/c/containerd.sock"',
      'sandbox_image = "knarr.dev/pause:1"',
      'stream_server_address = "127.0.0.1"',
      'snapshotter = "overlayfs"',
      "SystemdCgroup = false",
      'bin_dir = "/usr/lib/cni"',
      'conf_dir = "/data/c/cni"',
      'config_path = "/data/c/certs.d"',
    ])
      assert.ok(text.split("\n").includes(line), line);
    assert.match(text, /^\[plugins\."io\.containerd\.grpc\.v1\.cri"\.containerd\.runtimes\.runc\.options\]$/m);
  });

  it("joins pods by a bridge that leaves masquerading to the proxy", () => {
    const base = { name: "knarr-1a2b3c4d", podCidr: "10.244.3.0/24", bridge: "knarr0", addresses: "/data/c/addresses" };
    const { plugins } = JSON.parse(networkConfig(base)) as { plugins: readonly object[] };
    const [bridge, ...others] = plugins;
    assert.deepEqual(bridge, {
      type: "bridge",
      bridge: "knarr0",
      isGateway: true,
      hairpinMode: true,
      ipMasq: false,
      ipam: {
        type: "host-local",
        dataDir: "/data/c/addresses",
        ranges: [[{ subnet: "10.244.3.0/24" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    });
    assert.deepEqual(others, []);
  });
});

describe("what a killed containerd leaves behind", () => {
  const shim = (container: string, ...processes: readonly number[]) => ({ container, processes });
  const inventory: Inventory = {
    shims: [shim("running", 1, 2), shim("paused-no-more", 3, 4, 5), shim("never-ran", 6), shim("forgotten", 7, 8)],
    tasks: ["running", "inside", "never-ran", "of a shim that was killed"],
    networks: ["/n/a", "/n/b"],
    addresses: [
      { file: "/a/10.0.0.2", container: "running" },
      { file: "/a/10.0.0.3", container: "forgotten" },
    ],
  };
  const known: Known = {
    containers: new Set(["running", "paused-no-more", "inside", "never-ran"]),
    tasks: new Map([
      ["running", 2],
      ["inside", 5],
    ]),
    networks: new Set(["/n/a"]),
  };

  it("is not found where no process of it runs", () => {
    assert.deepEqual(orphansOf(inventory, known), {
      shims: [shim("never-ran", 6), shim("forgotten", 7, 8)],
      tasks: ["never-ran", "of a shim that was killed"],
      networks: ["/n/b"],
      addresses: [{ file: "/a/10.0.0.3", container: "forgotten" }],
    });
  });

  it("goes with everything in it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "knarr-left-"));
    const layout = layoutOf(folder);
    await mkdir(join(layout.tasks, "left", "rootfs"), { recursive: true });
    await mkdir(join(layout.tasks, "running"));
    assert.deepEqual((await takeInventory(layout)).tasks.toSorted(), ["left", "running"]);
    assert.equal(await isTaskLeft("left", layout), true);
    await clearTask("left", { layout, runc: "/no/such/runc" });
    assert.deepEqual(await readdir(layout.tasks), ["running"]);
    assert.equal(await isTaskLeft("left", layout), false);
    await rm(folder, { recursive: true });
  });
});

describe("a daemon", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "knarr-daemon-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("waits longer and longer between starts that fail, and not after running well", () => {
    const waits = [0];
    for (let i = 0; i < 9; i++) waits.push(nextBackOff(waits.at(-1)!, 5));
    assert.deepEqual(waits.slice(1), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    assert.equal(nextBackOff(10_000, 60_000), 100);
  });

  it("is found again by its file and its configuration", async () => {
    const files = { log: join(folder, "a.log"), pid: join(folder, "a.pid") };
    const { pid, ended } = await spawnDaemon(
      process.execPath,
      ["-e", "setInterval(() => {}, 1e6)", "my-config"],
      files,
    );
    assert.equal(await findDaemon(files.pid, "my-config"), pid);
    assert.equal(await findDaemon(files.pid, "another"), undefined, "the process id belongs to another program");
    assert.equal(await findDaemon(join(folder, "none"), "my-config"), undefined, "any program may name the file");
    assert.equal(await isAlive(pid), true);
    await endProcess(pid, 10_000, systemClock);
    await ended;
    assert.equal(await isAlive(pid), false);
    assert.equal(await findDaemon(files.pid, "my-config"), undefined);
  });

  it("is found when its starter was killed before it could write the number down", async () => {
    const layout = layoutOf(await mkdtemp(join(folder, "unwritten-")));
    const command = process.execPath;
    const args = ["-e", "setInterval(() => {}, 1e6)", "--", "--config", layout.config];
    const { pid, ended } = await spawnDaemon(command, args, layout);
    await rm(layout.pid);
    assert.equal(await findDaemon(layout.pid, layout.config), pid);
    const scope = createScope("test");
    await supervise({ command, args, layout, clock: systemClock, log: silentLog, scope });
    assert.equal(await readFile(layout.pid, "utf8"), `${pid}\n`, "it is taken over, and written down");
    await scope.close();
    await endProcess(pid, 10_000, systemClock);
    await ended;
    assert.equal(await findDaemon(layout.pid, layout.config), undefined);
  });

  it("that cannot be started is an error", async () => {
    const files = { log: join(folder, "b.log"), pid: join(folder, "b.pid") };
    await assert.rejects(spawnDaemon("/no/such/program", [], files), /ENOENT/);
  });

  it("is started again when it ends, and left alone when it is not supervised any more", async () => {
    const layout = layoutOf(folder);
    const scope = createScope("test");
    const started = join(folder, "started");
    const script = `require("fs").appendFileSync(${JSON.stringify(started)}, "x"); setInterval(() => {}, 1e6)`;
    const options = {
      command: process.execPath,
      args: ["-e", script, layout.config],
      layout,
      clock: systemClock,
      log: silentLog,
      scope,
    };
    const daemon = await supervise(options);
    const pidAfter = async (before: number | undefined): Promise<number> => {
      for (;;) {
        const pid = await findDaemon(layout.pid, layout.config);
        const starts = await stat(started).then(
          ({ size }) => size,
          () => 0,
        );
        if (pid !== undefined && pid !== before && starts > (before === undefined ? 0 : 1)) return pid;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const first = await pidAfter(undefined);
    process.kill(first, "SIGKILL");
    const second = await pidAfter(first);
    await daemon.release();
    assert.equal(await isAlive(second), true);
    const again = await supervise({ ...options, scope: createScope("test again") });
    assert.equal((await stat(started)).size, 2, "it was taken over");
    await again.release();
    await endProcess(second, 10_000, systemClock);
    await scope.close();
  });

  it("may not fill the disk with its log", async () => {
    const file = join(folder, "c.log");
    await boundLog(file);
    await writeFile(file, "few words");
    await boundLog(file);
    assert.equal((await stat(file)).size, 9);
    await truncate(file, 17 << 20);
    await boundLog(file);
    await appendFile(file, "more");
    assert.equal((await stat(file)).size, 4);
    assert.equal((await stat(`${file}.1`)).size, 17 << 20);
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith("c.log")).toSorted(), [
      "c.log",
      "c.log.1",
    ]);
  });
});
