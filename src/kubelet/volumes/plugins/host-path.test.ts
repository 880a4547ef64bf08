import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Volume } from "#objects";
import { createTestDirectory } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith, setUpFailed } from "../testing/world.ts";

describe("paths of the node", () => {
  const hostPath = (path: string, type?: string): Volume => ({
    name: "h",
    hostPath: { path, ...(type ? { type } : {}) },
  });

  test("are checked or made by their type", async () => {
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
