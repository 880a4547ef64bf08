import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { announceRunning } from "#cluster";
import { dockerArchive, ociArchive } from "./support/images/archives.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { createTestNamespace } from "./support/network-namespace.ts";
import { startContainerd } from "./support/private-containerd.ts";
import { KNARR } from "./support/cluster-under-test.ts";
import { run } from "./support/run.ts";

const skip = await skipUnlessReal();

test("knarr image: archives of both kinds, packed or not, are loaded, listed and removed", { skip }, async (t) => {
  await using namespace = await createTestNamespace();
  await using containerd = await startContainerd(namespace);
  const dir = mkdtempSync(join(tmpdir(), "knarr-images-"));
  t.after(() => rmSync(dir, { recursive: true }));
  // A directory as a running cluster has it: its process is this one.
  await announceRunning(dir, { server: "https://127.0.0.1:1", version: "v1.36.0", startedAt: 0 });
  const knarr = (...args: string[]) => run(KNARR, ["image", ...args, "--data-dir", dir]);

  // The first process has to build, and says so.
  await run(KNARR, ["version"]);
  const simulated = await knarr("ls");
  assert.equal(simulated.code, 1);
  assert.match(simulated.stderr, /^knarr: this cluster's nodes are simulated: it has no images/);

  mkdirSync(join(dir, "containerd"));
  symlinkSync(containerd.socket, join(dir, "containerd/containerd.sock"));
  const oci = join(dir, "oci.tar.gz");
  const docker = join(dir, "docker.tar");
  const corrupt = join(dir, "corrupt.tar");
  writeFileSync(oci, gzipSync(await ociArchive("library/busybox:1.36", "docker.io/team/oci:1"), { level: 1 }));
  writeFileSync(docker, await dockerArchive("test/server:1", "team/docker:1"));
  writeFileSync(corrupt, await ociArchive("test/corrupt:1", "docker.io/team/corrupt:1"));

  const loaded = await knarr("load", oci, docker);
  assert.equal(loaded.code, 0, loaded.stderr);
  assert.equal(loaded.stdout, "loaded docker.io/team/oci:1\nloaded docker.io/team/docker:1\n");

  const listed = JSON.parse((await knarr("ls", "-o", "json")).stdout) as { names: string[] }[];
  assert.deepEqual(
    listed.map(({ names }) => names),
    [["docker.io/team/docker:1"], ["docker.io/team/oci:1"]],
  );
  assert.match((await knarr("ls")).stdout, /^NAME +DIGEST +SIZE\ndocker\.io\/team\/docker:1 +sha256:[0-9a-f]{12} +\d/);

  for (const [file, why] of [
    [corrupt, /digest/],
    [KNARR, /./],
    [join(dir, "gone.tar"), /ENOENT/],
  ] as const) {
    const { code, stdout, stderr } = await knarr("load", file);
    assert.deepEqual([code, stdout], [1, ""], file);
    assert.match(stderr, why);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }

  assert.equal((await knarr("rm", "team/oci:1")).stdout, "removed docker.io/team/oci:1\n");
  const again = await knarr("rm", "team/oci:1");
  assert.deepEqual([again.code, again.stderr], [1, 'knarr: there is no image "team/oci:1"\n']);
});
