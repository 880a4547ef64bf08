import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { architecture } from "../daemon/machine.ts";
import { assemble } from "./assemble.ts";
import { elfFile } from "./elf.ts";
import { imageArchive, pauseArchive } from "./image.ts";
import { pauseProgram } from "./program.ts";
import { tarArchive } from "./tar.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-pause-"));
after(() => rmSync(folder, { recursive: true }));

const program = join(folder, "pause");
writeFileSync(program, elfFile(architecture(), pauseProgram(architecture())), { mode: 0o755 });

/** Waits for a process to be asleep. */
async function asleep(pid: number): Promise<void> {
  while (!/^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) await wait(5);
}

describe("the program that holds a pod's namespaces", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`waits, and ends well at ${signal}`, async () => {
      const child = spawn(program, { stdio: "ignore" });
      await once(child, "spawn");
      for (const harmless of ["SIGCHLD", "SIGSTOP", "SIGCONT", "SIGCHLD"] as const) child.kill(harmless);
      await asleep(child.pid!);
      assert.equal(child.exitCode, null);
      child.kill(signal);
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });
  }

  it("is the same code as an assembler makes of it", () => {
    // Checked once with objdump, and with qemu for the other processor.
    const hex = (code: Uint8Array) => Buffer.from(code).toString("hex");
    assert.equal(
      hex(pauseProgram("amd64")),
      "31ff488d355500000031d241ba08000000b80e0000000f05488d3d3f00000031f631d241ba08000000b8800000000f0583f811740d85c078df31ffb8e70000000f05bfffffffff31f6ba010000004531d2b83d0000000f0585c07fe6ebba0240010000000000",
    );
    assert.equal(hex(pauseProgram("arm64")).length / 2, 120);
  });

  it("needs its labels", () => {
    assert.throws(() => assemble([{ to: "nowhere", size: 2, encode: () => new Uint8Array(2) }]), /no label nowhere/);
  });
});

describe("archives", () => {
  const list = (archive: Uint8Array) => {
    const { stdout, status, stderr } = spawnSync("tar", ["-tvf", "-"], { input: archive, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout.trimEnd().split("\n");
  };

  it("are what tar understands", () => {
    const lines = list(
      tarArchive([
        { type: "directory", path: "bin", mode: 0o755 },
        { type: "symlink", path: "bin/sh", target: "busybox" },
        { type: "file", path: "bin/busybox", mode: 0o755, content: new Uint8Array(513) },
        { type: "file", path: "empty", mode: 0o600, content: "" },
      ]),
    );
    assert.deepEqual(
      lines.map((line) =>
        line
          .split(/\s+/)
          .filter((_, i) => i !== 3 && i !== 4)
          .join(" "),
      ),
      [
        "drwxr-xr-x 0/0 0 bin/",
        "lrwxrwxrwx 0/0 0 bin/sh -> busybox",
        "-rwxr-xr-x 0/0 513 bin/busybox",
        "-rw------- 0/0 0 empty",
      ],
    );
    assert.throws(() => tarArchive([{ type: "file", path: "x".repeat(101), content: "" }]), /too long/);
  });

  it("of images hold blobs by their digest, and are the same every time", () => {
    const archive = pauseArchive("arm64");
    assert.deepEqual(archive, pauseArchive("arm64"));
    const read = (name: string) => spawnSync("tar", ["-xOf", "-", name], { input: archive }).stdout;
    const blob = (digest: string) => read(`blobs/sha256/${digest.slice(7)}`);
    const index = JSON.parse(read("index.json").toString()) as {
      manifests: { digest: string; annotations: Record<string, string>; platform: object }[];
    };
    const [only] = index.manifests;
    assert.deepEqual(only!.annotations, { "io.containerd.image.name": "knarr.dev/pause:1" });
    assert.deepEqual(only!.platform, { architecture: "arm64", os: "linux" });
    const manifest = JSON.parse(blob(only!.digest).toString()) as {
      config: { digest: string; size: number };
      layers: { digest: string; size: number }[];
    };
    const config = JSON.parse(blob(manifest.config.digest).toString()) as { rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0]!.digest]);
    assert.match(list(blob(manifest.layers[0]!.digest))[0]!, /-rwxr-xr-x 0\/0 +240 .* pause$/);
  });

  it("name what they hold", () => {
    const of = (name: string) => imageArchive({ name, architecture: "amd64", files: [], config: {} });
    assert.notDeepEqual(of("a.example/a:1"), of("a.example/a:2"));
  });
});
