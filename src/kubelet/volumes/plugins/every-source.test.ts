import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import type { Volume } from "#objects";
import { createTestDirectory, modeOf, mountTypesIn, NEEDS_ROOT, until, visibleFiles } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith } from "../testing/world.ts";

// The same files whether a source is a volume of its own or part of a projected one, for every kind of source.

const execute = promisify(execFile);

/** Runs a script in a directory as a user that is not root; the directories above it need not let that user in. */
const runAs = async (uid: number, gid: number, cwd: string, script: string): Promise<string> =>
  (await execute("/bin/sh", ["-c", script], { cwd, uid, gid })).stdout;

interface Shape {
  readonly defaultMode?: number;
  /** The mode of the one file that is chosen, at a path of its own; without it all files. */
  readonly itemMode?: number;
  readonly optional?: boolean;
}

const RESOURCES = ["limits.cpu", "requests.cpu", "limits.memory", "requests.memory"];
const DOWNWARD = [
  { path: "name", fieldRef: { fieldPath: "metadata.name" } },
  { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
  { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
  ...RESOURCES.map((resource) => ({ path: resource, resourceFieldRef: { containerName: "main", resource } })),
];

const chosen = (itemMode: number | undefined) =>
  itemMode === undefined ? {} : { items: [{ key: "k", path: "deep/er", mode: itemMode }] };
const downward = (itemMode: number | undefined) =>
  itemMode === undefined ? DOWNWARD : [{ ...DOWNWARD[0]!, path: "deep/er", mode: itemMode }];
const modeFor = (defaultMode: number | undefined) => (defaultMode === undefined ? {} : { defaultMode });

const SOURCES: Readonly<Record<string, (name: string, shape: Shape) => Volume>> = {
  ConfigMap: (name, { defaultMode, itemMode, optional = false }) => ({
    name,
    configMap: { name: "source", optional, ...modeFor(defaultMode), ...chosen(itemMode) },
  }),
  Secret: (name, { defaultMode, itemMode, optional = false }) => ({
    name,
    secret: { secretName: "source", optional, ...modeFor(defaultMode), ...chosen(itemMode) },
  }),
  "downward API": (name, { defaultMode, itemMode }) => ({
    name,
    downwardAPI: { items: downward(itemMode), ...modeFor(defaultMode) },
  }),
  "projected ConfigMap": (name, { defaultMode, itemMode, optional = false }) => ({
    name,
    projected: {
      ...modeFor(defaultMode),
      sources: [{ configMap: { name: "source", optional, ...chosen(itemMode) } }],
    },
  }),
  "projected Secret": (name, { defaultMode, itemMode, optional = false }) => ({
    name,
    projected: { ...modeFor(defaultMode), sources: [{ secret: { name: "source", optional, ...chosen(itemMode) } }] },
  }),
  "projected downward API": (name, { defaultMode, itemMode }) => ({
    name,
    projected: { ...modeFor(defaultMode), sources: [{ downwardAPI: { items: downward(itemMode) } }] },
  }),
};
const isDownward = (source: string) => source.includes("downward");
/** The file that every source has, and its text. */
const fileOf = (source: string) => (isDownward(source) ? (["name", "web"] as const) : (["k", "v"] as const));

/** A world whose ConfigMap and Secret `source` have this data. */
function worldWith(dir: string, data: Readonly<Record<string, string>> = { k: "v" }) {
  const world = createVolumesWorld(dir);
  world.sources.putConfigMap("source", data);
  world.sources.putSecret("source", data);
  return world;
}

const pathsOf = async (...args: Parameters<typeof mountsOf>) =>
  (await mountsOf(...args)).map(({ hostPath }) => hostPath);

describe(
  "files have the usual mode, the volume's, or their own at a path of their own, in several volumes",
  {
    skip: NEEDS_ROOT,
  },
  () => {
    for (const [source, volumeOf] of Object.entries(SOURCES)) {
      test(source, async () => {
        await using dir = await createTestDirectory();
        const volumes = worldWith(dir.path).start();
        const [file, content] = fileOf(source);
        const pod = podWith([
          volumeOf("usual", {}),
          volumeOf("again", {}),
          volumeOf("private", { defaultMode: 0o400 }),
          volumeOf("item", { itemMode: 0o400 }),
        ]);
        await volumes.mount(pod);
        const [usual, again, own, item] = await pathsOf(volumes, pod);
        for (const [at, path, mode] of [
          [usual, file, "644 0:0"],
          [again, file, "644 0:0"],
          [own, file, "400 0:0"],
          [item, "deep/er", "400 0:0"],
        ] as const) {
          assert.equal((await visibleFiles(at!))[path], content);
          assert.equal(await modeOf(join(at!, "..data", path)), mode);
        }
        assert.deepEqual(Object.keys(await visibleFiles(item!)), ["deep/er"]);
        await volumes.unmount(pod);
      });
    }
  },
);

describe(
  "a process that is not root reads files of the usual mode, and with fsGroup those of its group",
  {
    skip: NEEDS_ROOT,
  },
  () => {
    for (const [source, volumeOf] of Object.entries(SOURCES)) {
      test(source, async () => {
        await using dir = await createTestDirectory();
        const volumes = worldWith(dir.path).start();
        const [file, content] = fileOf(source);
        const plain = podWith([volumeOf("usual", {}), volumeOf("item", { itemMode: 0o444 })]);
        await volumes.mount(plain);
        const [usual, item] = await pathsOf(volumes, plain);
        assert.equal(await runAs(1000, 1000, usual!, `cat ${file}`), content);
        assert.equal(await runAs(1000, 1000, item!, "cat deep/er"), content);
        await volumes.unmount(plain);

        const grouped = podWith([volumeOf("group", { defaultMode: 0o440 })], { securityContext: { fsGroup: 1001 } });
        await volumes.mount(grouped);
        const [group] = await pathsOf(volumes, grouped);
        assert.equal(await modeOf(join(group!, "..data", file)), "440 0:1001");
        assert.equal(await runAs(1000, 1001, group!, `cat ${file}`), content);
        await assert.rejects(runAs(1000, 1000, group!, `cat ${file}`), /Permission denied/);
        await volumes.unmount(grouped);
      });
    }
  },
);

describe("one path of a volume is mounted by itself", { skip: NEEDS_ROOT }, () => {
  for (const [source, volumeOf] of Object.entries(SOURCES)) {
    test(source, async () => {
      await using dir = await createTestDirectory();
      const volumes = worldWith(dir.path).start();
      const [file, content] = fileOf(source);
      const volumeMounts = [{ name: "one", mountPath: "/etc/passwd", subPath: file }];
      const pod = podWith([volumeOf("one", {})], {}, { volumeMounts });
      await volumes.mount(pod);
      const [mount] = await mountsOf(volumes, pod);
      assert.equal(mount!.containerPath, "/etc/passwd");
      assert.ok((await lstat(mount!.hostPath)).isFile());
      assert.equal(await readFile(mount!.hostPath, "utf8"), content);
      await volumes.unmount(pod);
    });
  }
});

describe("an optional source is created, changed, and seen by a Pod that runs", { skip: NEEDS_ROOT }, () => {
  for (const [source, volumeOf] of Object.entries(SOURCES).filter(([name]) => !isDownward(name))) {
    test(source, async () => {
      await using dir = await createTestDirectory();
      const world = createVolumesWorld(dir.path);
      const volumes = world.start();
      const pod = podWith([volumeOf("maybe", { optional: true })]);
      await volumes.mount(pod);
      const [path] = await pathsOf(volumes, pod);
      assert.deepEqual(await visibleFiles(path!), {});
      const follows = async (data: Readonly<Record<string, string>> | undefined) => {
        if (source.includes("ConfigMap")) world.sources.putConfigMap("source", data);
        else world.sources.putSecret("source", data);
        await until(async () => JSON.stringify(await visibleFiles(path!)) === JSON.stringify(data ?? {}));
      };
      await follows({ a: "1" });
      await follows({ b: "2" });
      await follows(undefined);
      await volumes.unmount(pod);
    });
  }
});

describe(
  "the downward API tells resources, with the node's where there is no limit, and follows the Pod",
  {
    skip: NEEDS_ROOT,
  },
  () => {
    for (const [source, volumeOf] of Object.entries(SOURCES).filter(([name]) => isDownward(name))) {
      test(source, async () => {
        await using dir = await createTestDirectory();
        const volumes = createVolumesWorld(dir.path).start();
        const resources = { requests: { cpu: "1", memory: "1Mi" }, limits: { cpu: "2", memory: "2Mi" } };
        const figures = async (pod: ReturnType<typeof podWith>) => {
          await volumes.mount(pod);
          const [path] = await pathsOf(volumes, pod);
          const files = await visibleFiles(path!);
          return RESOURCES.map((resource) => files[resource]);
        };
        const plain = podWith([volumeOf("me", {})]);
        const [cpu, , memory] = await figures(plain);
        assert.deepEqual([cpu, memory], ["4", `${64 << 20}`]);
        await volumes.unmount(plain);
        const volumeMounts = [{ name: "me", mountPath: "/me" }];
        const pod = podWith([volumeOf("me", {})], {}, { volumeMounts, resources });
        assert.deepEqual(await figures(pod), ["2", "1", `${2 << 20}`, `${1 << 20}`]);
        const [path] = await pathsOf(volumes, pod);
        volumes.update({ ...pod, metadata: { ...pod.metadata, labels: { app: "api" }, annotations: { note: "new" } } });
        await until(async () => {
          const { labels, annotations } = await visibleFiles(path!);
          return labels === 'app="api"' && annotations === 'note="new"';
        });
        await volumes.unmount(pod);
      });
    }
  },
);

describe("an emptyDir takes files of any mode from root and from others", { skip: NEEDS_ROOT }, () => {
  for (const medium of ["", "Memory"]) {
    test(medium === "" ? "on the disk" : "in memory", async () => {
      await using dir = await createTestDirectory();
      const volumes = createVolumesWorld(dir.path).start();
      const pod = podWith([{ name: "data", emptyDir: { medium } }]);
      await volumes.mount(pod);
      const [path] = await pathsOf(volumes, pod);
      assert.match(await modeOf(path!), medium === "" ? /^777 / : /^1777 /);
      assert.deepEqual(await mountTypesIn(dir.path), medium === "" ? [] : ["tmpfs"]);
      for (const uid of [0, 1001]) {
        for (const mode of ["644", "666", "777"]) {
          const file = `${uid}-${mode}`;
          const script = `umask 0; echo content > ${file}; chmod ${mode} ${file}; cat ${file}`;
          assert.equal(await runAs(uid, uid, path!, script), "content\n");
          assert.equal(await modeOf(join(path!, file)), `${mode} ${uid}:${uid}`);
          assert.equal(await runAs(1002, 1002, path!, `cat ${file}`), "content\n");
        }
      }
      await volumes.unmount(pod);
    });
  }
});
