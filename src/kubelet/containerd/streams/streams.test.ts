import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { systemClock } from "#base";
import type { AttachRequest } from "#kubelet";
import {
  acceptPortForward,
  acceptRemoteCommand,
  serve,
  UpgradeRefused,
  type DuplexBytes,
  type RemoteCommand,
} from "#wire";
import type { StreamUrls } from "./port.ts";
import { endOf } from "./process-end.ts";
import { createStreams } from "./streams.ts";

const ALL: AttachRequest = { stdin: true, stdout: true, stderr: true, tty: false };

/** A streaming server like the runtime's, and the calls that lead to it. */
async function streamingServer(use: (command: RemoteCommand) => Promise<void>) {
  const calls: unknown[] = [];
  let wanted = ALL;
  const server = await serve({
    host: "127.0.0.1",
    port: 0,
    async handle(request) {
      try {
        if (request.path === "/forward") {
          await acceptPortForward(
            request,
            [],
            { connect: dial, describe: (port, why) => `error forwarding port ${port} to pod p, uid : ${why}` },
            systemClock,
          );
        } else if (request.path === "/process") {
          await use(await acceptRemoteCommand(request, wanted, systemClock));
        } else throw new UpgradeRefused(404, "404 page not found\n");
        return { status: 101, headers: {}, body: { type: "upgraded" } };
      } catch (error) {
        if (!(error instanceof UpgradeRefused)) throw error;
        return { status: error.status, headers: {}, body: { type: "bytes", bytes: Buffer.from(error.message) } };
      }
    },
  });
  const url = (path: string) => `http://127.0.0.1:${server.port}/${path}`;
  const process = async (request: AttachRequest) => {
    calls.push(request);
    wanted = request;
    return url("process");
  };
  const urls: StreamUrls = {
    exec: process,
    attach: process,
    async portForward(request) {
      calls.push(request);
      return url("forward");
    },
  };
  return {
    urls,
    calls,
    url,
    streams: createStreams(urls, systemClock),
    [Symbol.asyncDispose]: () => server.close(100),
  };
}

function dial(port: number): Promise<DuplexBytes> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () =>
      resolve({
        input: socket,
        write: async (bytes) => void socket.write(bytes),
        end: async () => void socket.end(),
        close: () => socket.destroy(),
      }),
    );
  });
}

async function text(input: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("a process's streams", () => {
  test("carry standard input, output and errors, and the exit code", async () => {
    await using server = await streamingServer(async (command) => {
      await command.writeStdout(Buffer.from(`got ${await text(command.stdin)}`));
      await command.writeStderr(Buffer.from("err"));
      await command.finish({ status: "Success" });
    });
    const process = await server.streams.exec("containerd://abc", { ...ALL, command: ["cat", "-"] });
    await process.writeStdin(Buffer.from("in"));
    await process.endStdin();
    assert.deepEqual(await Promise.all([text(process.stdout), text(process.stderr), process.ended]), [
      "got in",
      "err",
      { type: "exited", exitCode: 0 },
    ]);
    process.close();
    assert.deepEqual(server.calls, [{ containerId: "abc", cmd: ["cat", "-"], ...ALL }]);
  });

  test("tell the process the size of its terminal", async () => {
    await using server = await streamingServer(async (command) => {
      for await (const { width, height } of command.sizes) {
        await command.writeStdout(Buffer.from(`${width}x${height}`));
        break;
      }
      await command.finish({ status: "Success" });
    });
    const process = await server.streams.attach("abc", { ...ALL, stderr: false, tty: true });
    process.resize(80, 24);
    assert.equal(await text(process.stdout), "80x24");
    process.close();
  });

  test("end as failed when the runtime's server dies in the middle", async () => {
    await using server = await streamingServer(async (command) => {
      await text(command.stdin);
      throw new Error("boom");
    });
    const process = await server.streams.exec("abc", { ...ALL, command: ["x"] });
    await process.endStdin();
    assert.deepEqual(await process.ended, {
      type: "failed",
      message: "the connection to the container runtime was lost",
    });
    assert.equal(await text(process.stdout), "");
    process.close();
  });

  test("fail with the server's answer when the URL has expired", async () => {
    await using server = await streamingServer(async () => {});
    const streams = createStreams({ ...server.urls, exec: async () => server.url("gone") }, systemClock);
    await assert.rejects(
      streams.exec("abc", { ...ALL, command: ["x"] }),
      /^Error: unable to upgrade connection: 404 page not found$/,
    );
  });
});

test("the status on the error channel says how a process has ended", () => {
  const context = "error executing command in container: ";
  const status = (fields: object) => JSON.stringify({ metadata: {}, ...fields });
  const cases: readonly (readonly [text: string, end: unknown])[] = [
    [status({ status: "Success" }), { type: "exited", exitCode: 0 }],
    [
      status({
        status: "Failure",
        reason: "NonZeroExitCode",
        details: { causes: [{ reason: "ExitCode", message: "137" }] },
      }),
      { type: "exited", exitCode: 137 },
    ],
    [
      status({
        status: "Failure",
        reason: "InternalError",
        message: `Internal error occurred: ${context}no such file`,
      }),
      { type: "failed", message: "no such file" },
    ],
    [status({ status: "Failure", message: "odd" }), { type: "failed", message: "odd" }],
    ["not a Status", { type: "failed", message: "not a Status" }],
    ['["odd"]', { type: "failed", message: '["odd"]' }],
    [
      status({ status: "Failure", reason: "NonZeroExitCode", message: "m", details: { causes: [null, 1] } }),
      { type: "failed", message: "m" },
    ],
  ];
  for (const [said, end] of cases) assert.deepEqual(endOf(said, context), end);
});

describe("a port's stream", () => {
  test("carries both directions, each with its own end", async () => {
    await using server = await streamingServer(async () => {});
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    const { port } = echo.address() as AddressInfo;
    const stream = await server.streams.portForward("containerd://pod", port);
    await stream.write(Buffer.from("hello"));
    await stream.end();
    assert.equal(await text(stream.input), "hello");
    stream.close();
    echo.close();
    assert.deepEqual(server.calls, [{ podSandboxId: "pod", port: [port] }]);
  });

  test("fails with the reason alone when there is no listener", async () => {
    await using server = await streamingServer(async () => {});
    const stream = await server.streams.portForward("pod", 1);
    await assert.rejects(text(stream.input), /^Error: connect ECONNREFUSED 127\.0\.0\.1:1$/);
    stream.close();
  });
});
