import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { createChildStreams } from "../src/cluster/connector/testing/child-streams.ts";
import { createStreamWorld, type StreamWorld } from "../src/cluster/connector/testing/stream-world.ts";
import { eventually } from "./harness/cluster-under-test.ts";
import { run, type RunOptions } from "./harness/run.ts";

const streams = createChildStreams(["sh", "-c", "read line; echo attached: $line"]);
let world: StreamWorld;
let dir: string;
const program = realClients().kubectl;

const kubectl = (args: readonly string[], options: RunOptions = {}) =>
  run(program, ["--kubeconfig", join(dir, "kubeconfig"), ...args], {
    cwd: dir,
    timeoutMs: 60_000,
    ...options,
    env: { ...process.env, HOME: dir, ...options.env },
  });

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
  ["WebSocket", { env: {} }],
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

for (const [protocol, env] of [
  ["WebSocket", { env: {} }],
  ["SPDY", OLD],
] as const) {
  describe(`kubectl port-forward over ${protocol}`, () => {
    test("many connections at once, and a large one", async () => {
      const size = 100 * 1024 * 1024;
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on("error", () => {});
        // The first line says how much is wanted.
        socket.once("data", (line: Buffer) => {
          const wanted = Number(line.toString());
          Readable.from(zeros(wanted)).pipe(socket);
        });
      });
      const port = await listening(server);
      await using forward = await forwarding(["port-forward", "pod/web", `:${port}`], env.env);
      const small = await Promise.all(Array.from({ length: 20 }, (_, index) => fetchBytes(forward.port, 1000 + index)));
      assert.deepEqual(
        small,
        Array.from({ length: 20 }, (_, index) => 1000 + index),
      );
      const [large, beside] = await Promise.all([fetchBytes(forward.port, size), fetchBytes(forward.port, 5)]);
      assert.equal(large, size);
      assert.equal(beside, 5);
      await forward.stop();
      await eventually("the connections close", async () => streams.open === 0);
      server.close();
    });

    test("a port that nobody listens on is told", async () => {
      await using forward = await forwarding(["port-forward", "pod/web", ":1"], env.env);
      assert.equal(await fetchBytes(forward.port, 1), 0);
      await eventually("kubectl says why", async () =>
        /error forwarding port 1 to pod .*ECONNREFUSED/.test(forward.output()),
      );
    });
  });
}

function* zeros(size: number): Generator<Uint8Array> {
  const piece = new Uint8Array(64 * 1024);
  for (let left = size; left > 0; left -= piece.length) yield piece.subarray(0, left);
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** How many bytes came before the end. */
function fetchBytes(port: number, size: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let got = 0;
    socket.on("data", (bytes) => (got += bytes.length));
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
    socket.write(`${size}\n`);
  });
}

async function forwarding(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(program, ["--kubeconfig", join(dir, "kubeconfig"), ...args], {
    env: { ...process.env, HOME: dir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const port = await eventually(`kubectl forwards: ${output}`, async () => /127\.0\.0\.1:(\d+) ->/.exec(output)?.[1]);
  const stop = async () => {
    child.kill("SIGINT");
    await exited;
  };
  return { port: Number(port), output: () => output, stop, [Symbol.asyncDispose]: stop };
}
