import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { createChildStreams } from "../src/cluster/connector/testing/child-streams.ts";
import { createStreamWorld, type StreamWorld } from "../src/cluster/connector/testing/stream-world.ts";
import { run, type RunOptions } from "./harness/run.ts";

const streams = createChildStreams(["sh", "-c", "read line; echo attached: $line"]);
let world: StreamWorld;
let dir: string;
const program = realClients().kubectl;

const kubectl = (args: readonly string[], options: RunOptions = {}) =>
  run(program, ["--kubeconfig", join(dir, "kubeconfig"), ...args], { cwd: dir, timeoutMs: 60_000, ...options, env: { ...process.env, HOME: dir, ...options.env } });

/** kubectl before it spoke WebSocket. */
const OLD = { env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" } };

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "knarr-streams-"));
  world = await createStreamWorld(streams);
  await writeFile(join(dir, "kubeconfig"), world.kubeconfig, { mode: 0o600 });
  await world.pod("web");
});

after(async () => {
  await world[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
  assert.deepEqual(world.complaints, []);
  assert.equal(streams.open, 0);
});

for (const [protocol, env] of [
  ["WebSocket", {}],
  ["SPDY", OLD],
] as const) {
  describe(`kubectl exec over ${protocol}`, () => {
    test("output and errors come apart", async () => {
      const got = await kubectl(["exec", "web", "--", "sh", "-c", "echo out; echo err >&2"], env);
      assert.deepEqual(got, { code: 0, stdout: "out\n", stderr: "err\n" });
    });

    test("standard input ends at its end", async () => {
      const got = await kubectl(["exec", "-i", "web", "--", "cat"], { ...env, input: "x\ny\n" });
      assert.deepEqual(got, { code: 0, stdout: "x\ny\n", stderr: "" });
    });

    test("the exit code is the command's", async () => {
      const got = await kubectl(["exec", "web", "--", "sh", "-c", "exit 42"], env);
      assert.deepEqual(got, { code: 42, stdout: "", stderr: "command terminated with exit code 42\n" });
    });
  });
}
