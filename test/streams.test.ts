import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { createChildStreams } from "../src/cluster/connector/testing/child-streams.ts";
import { createStreamWorld, type StreamWorld } from "../src/cluster/connector/testing/stream-world.ts";
import { eventually } from "./support/cluster-under-test.ts";
import { extraMemoryDuring } from "./support/live-memory.ts";
import { run, type RunOptions } from "./support/run.ts";

const streams = createChildStreams(["sh", "-c", "read line; echo attached: $line"]);
let world: StreamWorld;
let dir: string;
const program = realClients().kubectl;

const kubectl = (args: readonly string[], options: RunOptions = {}) =>
  run(program, ["--kubeconfig", join(dir, "kubeconfig"), ...args], {
    cwd: dir,
    timeoutMs: 150_000,
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
  await world.pod("two", {
    containers: [
      { name: "main", image: "main" },
      { name: "ended", image: "main" },
    ],
  });
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

    test("standard input ends when the client's ends", async () => {
      const got = await kubectl(["exec", "-i", "web", "--", "cat"], { ...env, input: "x\ny\n" });
      assert.deepEqual(got, { code: 0, stdout: "x\ny\n", stderr: "" });
    });

    test("the protocol is the one that was asked for", async () => {
      const got = await kubectl(["-v=8", "exec", "web", "--", "true"], env);
      const header =
        protocol === "SPDY"
          ? /X-Stream-Protocol-Version: v4\.channel\.k8s\.io/i
          : /Sec-Websocket-Protocol: v5\.channel\.k8s\.io/i;
      assert.match(got.stderr, header);
    });

    test("100 MB go each way, in little memory", async () => {
      const size = 100 * 1024 * 1024;
      const bothWays = async () => {
        const out = await counted(["exec", "web", "--", "head", "-c", String(size), "/dev/zero"], env.env);
        assert.equal(out, size);
        const input = join(dir, "large");
        await truncated(input, size);
        const got = await kubectl(["exec", "-i", "web", "--", "wc", "-c"], { ...env, stdinFile: input });
        assert.equal(Number(got.stdout), size);
      };
      const extra = await extraMemoryDuring(bothWays());
      assert.ok(extra < size / 4, `${extra} bytes more are held`);
    });

    test("a terminal has its size, and gives the exit code", async () => {
      const script = "read a; echo got $a; exit 3";
      const inner = `${program} --kubeconfig ${join(dir, "kubeconfig")} exec -it web -- sh -c '${script}'`;
      const got = await run("script", ["-qec", `stty cols 91 rows 37; ${inner}`, "/dev/null"], {
        env: { ...process.env, HOME: dir, ...env.env },
      });
      assert.match(got.stdout, /got size 91x37/);
      assert.equal(got.code, 3);
    });

    test("attach joins the container's own process", async () => {
      const got = await kubectl(["attach", "-i", "web"], { ...env, input: "me\n" });
      assert.match(got.stdout, /attached: me/);
      assert.equal(got.code, 0);
    });

    test("files are copied in both directions", async () => {
      const content = randomBytes(3 * 1024 * 1024);
      await writeFile(join(dir, "from"), content);
      const there = join(dir, `there-${protocol}`);
      const back = join(dir, `back-${protocol}`);
      for (const args of [
        ["cp", "from", `web:${there}`],
        ["cp", `web:${there}`, back],
      ]) {
        const got = await kubectl(args, env);
        assert.equal(got.code, 0, got.stderr);
      }
      assert.ok((await readFile(back)).equals(content));
    });

    test("a client that vanishes frees the process", async () => {
      const child = spawn(program, ["--kubeconfig", join(dir, "kubeconfig"), "exec", "-i", "web", "--", "cat"], {
        env: { ...process.env, HOME: dir, ...env.env },
        stdio: ["pipe", "ignore", "ignore"],
      });
      await eventually("the command runs", async () => streams.open === 1);
      child.kill("SIGKILL");
      await eventually("it is gone", async () => streams.open === 0);
    });

    test("a client that does not read holds the process up", async () => {
      const child = spawn(program, ["--kubeconfig", join(dir, "kubeconfig"), "exec", "web", "--", "cat", "/dev/zero"], {
        env: { ...process.env, HOME: dir, ...env.env },
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(child.stdout, "readable");
      let before = -1;
      const start = streams.taken;
      await eventually("nothing more is taken", async () => {
        const still = before === streams.taken;
        before = streams.taken;
        return still;
      });
      const size = 32 * 1024 * 1024;
      assert.ok(streams.taken - start < size, `${streams.taken - start} bytes lie somewhere`);
      child.kill("SIGKILL");
      await eventually("it is gone", async () => streams.open === 0);
    });

    test("a command that cannot run is reported to the client", async () => {
      const missing = await kubectl(["exec", "web", "--", "/no/such"], env);
      const twice = protocol === "SPDY" ? "" : "Internal error occurred: ";
      assert.equal(
        missing.stderr,
        `error: ${twice}Internal error occurred: error executing command in container: spawn /no/such ENOENT\n`,
      );
      const ended = await kubectl(["exec", "two", "-c", "ended", "--", "true"], env);
      assert.match(ended.stderr, /unable to upgrade connection: container not found \("ended"\)/);
      const wrong = await kubectl(["exec", "two", "-c", "nope", "--", "true"], env);
      assert.match(wrong.stderr, /container nope is not valid for pod two/);
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
    test("many connections are served at once, and a large one", async () => {
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

    test("a port without a listener is reported to the client", async () => {
      await using forward = await forwarding(["port-forward", "pod/web", ":1"], env.env);
      assert.equal(await fetchBytes(forward.port, 1), 0);
      await eventually("kubectl says why", async () =>
        /error forwarding port 1 to pod .*ECONNREFUSED/.test(forward.output()),
      );
    });
  });
}

async function truncated(path: string, size: number): Promise<void> {
  await using file = await open(path, "w");
  await file.truncate(size);
}

/** How many bytes kubectl writes. */
async function counted(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, ["--kubeconfig", join(dir, "kubeconfig"), ...args], {
    env: { ...process.env, HOME: dir, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let size = 0;
  for await (const bytes of child.stdout) size += (bytes as Uint8Array).length;
  return size;
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
