import assert from "node:assert/strict";
import { createServer, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { createVirtualClock, systemClock, type Clock } from "#base";
import type { Pod } from "#objects";
import { readHealthStatus, writeHealthRequest } from "./health-message.ts";
import { probeOverNetwork } from "./probe.ts";
import { closedPort, onLoopback, rawServer, type LoopbackServer } from "./testing/servers.ts";

const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "default", uid: "u" } };

function ask(port: number, service?: string, clock: Clock = systemClock) {
  const probe = { grpc: { port, ...(service === undefined ? {} : { service }) }, timeoutSeconds: 2 };
  const target = { ip: "127.0.0.1", pod, container: undefined };
  return probeOverNetwork(probe, target, { clock, signal: new AbortController().signal });
}

const frame = (...bytes: readonly number[]) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);

/** Answers each call with these bytes and trailers. */
function health(bytes: Buffer, trailers: OutgoingHttpHeaders = { "grpc-status": "0" }): Promise<LoopbackServer> {
  return grpcServer((stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(bytes);
  });
}

function grpcServer(onStream: (stream: ServerHttp2Stream, headers: OutgoingHttpHeaders) => void) {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers: OutgoingHttpHeaders) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  return onLoopback(server);
}

test("the status in the answer decides whether a probe passes", async () => {
  const cases: readonly (readonly [answer: Buffer, message: string | undefined])[] = [
    [frame(8, 1), undefined],
    [frame(), 'service unhealthy (responded with "UNKNOWN")'],
    [frame(8, 2), 'service unhealthy (responded with "NOT_SERVING")'],
    [frame(8, 3), 'service unhealthy (responded with "SERVICE_UNKNOWN")'],
    [frame(8, 0xac, 2), 'service unhealthy (responded with "300")'],
    [
      Buffer.from("junk"),
      "error: health rpc probe failed: rpc error: code = Internal desc = grpc: failed to unmarshal the received message",
    ],
  ];
  for (const [answer, message] of cases) {
    await using server = await health(answer);
    const expected = message === undefined ? { result: "success" } : { result: "failure", message };
    assert.deepEqual(await ask(server.port), expected);
  }
});

test("the request is a Health/Check of the service, with upstream's user agent", async () => {
  const asked: string[] = [];
  await using server = await grpcServer((stream, headers) => {
    asked.push(`${String(headers[":method"])} ${String(headers[":path"])} ${String(headers["user-agent"])}`);
    stream.on("data", (chunk: Buffer) => asked.push(chunk.toString("hex")));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
    });
  });
  assert.deepEqual(await ask(server.port, "db"), {
    result: "failure",
    message: "error: health rpc probe failed: rpc error: code = NotFound desc = ",
  });
  assert.deepEqual(asked, ["POST /grpc.health.v1.Health/Check kube-probe/1.36", "00000000040a026462"]);
});

test("an answer that is no health status fails the probe in upstream's words", async () => {
  await using unimplemented = await health(frame(), { "grpc-status": "12", "grpc-message": "unknown%20service" });
  assert.deepEqual(await ask(unimplemented.port), {
    result: "failure",
    message: "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service",
  });
  await using web = await grpcServer((stream) => {
    stream.respond({ ":status": 200, "content-type": "text/html" });
    stream.end("hello");
  });
  assert.deepEqual(await ask(web.port), {
    result: "failure",
    message:
      'error: health rpc probe failed: rpc error: code = Unknown desc = unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/html"',
  });
  await using large = await health(Buffer.alloc(100_000));
  assert.deepEqual(await ask(large.port), {
    result: "failure",
    message:
      "error: health rpc probe failed: rpc error: code = ResourceExhausted desc = grpc: received message larger than max",
  });
  await using broken = await grpcServer((stream) => stream.session?.destroy());
  const { result, message = "" } = await ask(broken.port);
  assert.equal(result, "failure");
  assert.match(message, /^error: health rpc probe failed: rpc error: code = Unavailable desc = error reading/);
});

test("a gRPC probe fails when no server listens, and when the server speaks no HTTP/2 before the timeout", async () => {
  await using other = await rawServer("HTTP/1.1 400 Bad Request\r\n\r\n", "close");
  for (const port of [await closedPort(), other.port]) {
    const clock = createVirtualClock(0);
    const auto = clock.autoAdvance();
    const outcome = await ask(port, undefined, clock);
    auto.stop();
    assert.deepEqual(outcome, {
      result: "failure",
      message: `timeout: failed to connect service "127.0.0.1:${port}" within 2s: context deadline exceeded`,
    });
    assert.equal(clock.pending, 0);
  }
});

test("a server that comes up before the timeout passes the probe", async () => {
  const clock = createVirtualClock(0);
  let connections = 0;
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(frame(8, 1));
  });
  // The first connection is refused as good as can be, the next one served.
  await using front = await onLoopback(
    createTcpServer((socket) => {
      if (connections++ === 0) socket.destroy();
      else server.emit("connection", socket);
    }),
  );
  const outcome = ask(front.port, undefined, clock);
  while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(1000);
  assert.deepEqual(await outcome, { result: "success" });
});

test("an answer that does not come within the timeout fails the probe", async () => {
  const clock = createVirtualClock(0);
  let asked = false;
  await using server = await grpcServer(() => (asked = true));
  const outcome = ask(server.port, undefined, clock);
  while (!asked) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(2000);
  assert.deepEqual(await outcome, {
    result: "failure",
    message: "timeout: health rpc did not complete within 2s",
  });
  assert.equal(clock.pending, 0);
});

test("requests are written and answers read as protobuf messages in a gRPC frame", () => {
  assert.equal(writeHealthRequest("").toString("hex"), "0000000000");
  const long = writeHealthRequest("s".repeat(200));
  assert.equal(long.subarray(0, 8).toString("hex"), "00000000cb0ac801");
  // A field that is not known is passed over; what is cut off is no message.
  assert.equal(readHealthStatus(frame(0x12, 2, 1, 1, 8, 1)), "SERVING");
  assert.equal(readHealthStatus(frame(0x12, 9, 1)), undefined);
  assert.equal(readHealthStatus(frame(8)), undefined);
  assert.equal(readHealthStatus(Buffer.from([1, 0, 0, 0, 2, 8, 1])), undefined);
});
