import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "./cluster-under-test.ts";
import { must } from "./commands.ts";
import { leaksSince, tracesNow } from "./leaks.ts";
import { skipUnlessReal } from "./machine.ts";
import { createTestNamespace } from "./network-namespace.ts";
import { get, request, requestLoop } from "./requests.ts";

const skip = await skipUnlessReal();

const SERVER = `
  const { createServer } = require("node:http");
  createServer((request, response) => response.end(request.url)).listen(Number(process.argv[1]), "0.0.0.0", () => console.log("up"));`;

test("a network of its own: what is served inside is seen inside and nowhere else", { skip }, async () => {
  await using namespace = await createTestNamespace();
  const child = namespace.spawn(process.execPath, ["-e", SERVER, "8123"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  assert.equal(await get(namespace, "http://127.0.0.1:8123/loopback"), "/loopback");
  assert.equal(await get(namespace, `http://${namespace.address}:8123/address`), "/address");
  await assert.rejects(fetch("http://127.0.0.1:8123/"));
  assert.ok(namespace.processes().includes(child.pid!));
});

test("nothing leaves the network, and a process that tries gets an error at once", { skip }, async () => {
  await using namespace = await createTestNamespace();
  const { error } = await request(namespace, "http://198.51.100.1/");
  assert.equal(error, "ECONNREFUSED");
});

test("its end is the end of everything in it, descendants in other networks included", { skip }, async () => {
  const namespace = await createTestNamespace();
  const script = "unshare --net sh -c 'echo elsewhere; exec sleep 1000' & wait";
  const child = namespace.spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  await once(child.stdout!, "data");
  const found = namespace.processes();
  await namespace[Symbol.asyncDispose]();
  // The pipe closes only once no process holds it any more.
  await ended;
  assert.equal(found.length, 2);
  assert.ok(found.includes(child.pid!));
  assert.equal(existsSync(namespace.path), false);
});

test("a loop of requests counts what failed, and how long nothing was served", { skip }, async () => {
  await using namespace = await createTestNamespace();
  const serve = async () => {
    const child = namespace.spawn(process.execPath, ["-e", SERVER, "8123"], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout!, "data");
    return async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
  };
  const stop = await serve();
  const loop = requestLoop(namespace, "http://127.0.0.1:8123/x");
  await loop.more(20);
  assert.deepEqual(loop.soFar().failed, []);
  await stop();
  await loop.more(20);
  await serve();
  await loop.more(20);
  const { sent, failed, bodies, longestOutageMs } = await loop.stop();
  assert.ok(sent >= 60);
  assert.ok(failed.length > 0 && failed.every(({ why }) => /ECONNREFUSED|ECONNRESET/.test(why)));
  assert.equal(bodies.get("/x"), sent - failed.length);
  assert.ok(longestOutageMs > 0);
});

test("what is left behind is found: processes, mounts, links and packet rules", { skip }, async () => {
  await using namespace = await createTestNamespace();
  const dir = mkdtempSync(join(tmpdir(), "knarr-leaks-"));
  const options = { dirs: [dir], namespace };
  const before = await tracesNow(options);

  await must("mount", ["-t", "tmpfs", "none", dir]);
  await namespace.must("nft", ["add", "table", "inet", "forgotten"]);
  await namespace.must("ip", ["link", "add", "br9", "type", "bridge"]);
  const child = namespace.spawn("sleep", ["1000"], { stdio: "ignore" });
  try {
    await eventually("all to be found", async () => {
      // Pods of tests beside this one come and go; the process takes a moment to get there.
      const ours = (await leaksSince(before, options, 0)).filter((trace) => !trace.startsWith("network namespace"));
      assert.deepEqual(ours, [
        "link br9",
        `mount ${dir}`,
        `process ${child.pid} /usr/bin/sleep 1000`.replace("/usr/bin/sleep", child.spawnargs.at(-2)!),
        "table inet forgotten",
      ]);
      return true;
    });
  } finally {
    await must("umount", [dir]);
    rmSync(dir, { recursive: true });
  }
});
