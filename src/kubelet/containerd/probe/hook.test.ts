import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { test } from "node:test";
import type { HTTPGetAction } from "#objects";
import { runNetworkHook } from "./hook.ts";
import { closedPort, onLoopback, rawServer } from "./testing/servers.ts";

const run = (httpGet: HTTPGetAction, told?: string[], signal = new AbortController().signal) =>
  runNetworkHook({ httpGet }, { ip: "127.0.0.1", container: undefined }, signal, (reason, message) =>
    told?.push(`${reason} ${message}`),
  );

test("any answer makes an HTTP hook succeed, even an error or one that is cut off", async () => {
  let seen: IncomingMessage | undefined;
  await using server = await onLoopback(
    createServer((request, response) => {
      seen = request;
      response.writeHead(500).end();
    }),
  );
  await run({ port: server.port, path: "/stop" });
  assert.equal(seen?.url, "/stop");
  assert.equal(seen?.headers["user-agent"], "kube-lifecycle/1.36");
  await using cut = await rawServer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "close");
  await run({ port: cut.port });
});

test("a hook that gets plain HTTP for HTTPS tries that, without its credentials", async () => {
  let seen: IncomingMessage | undefined;
  await using server = await onLoopback(
    createServer((request, response) => {
      seen = request;
      response.end();
    }),
  );
  const told: string[] = [];
  const httpHeaders = [
    { name: "authorization", value: "secret" },
    { name: "x-a", value: "1" },
  ];
  await run({ port: server.port, scheme: "HTTPS", httpHeaders }, told);
  assert.deepEqual([seen?.headers.authorization, seen?.headers["x-a"]], [undefined, "1"]);
  assert.deepEqual(told, [
    `LifecycleHTTPFallback request to HTTPS lifecycle hook 127.0.0.1:${server.port} got HTTP response, retry with HTTP succeeded`,
  ]);
});

test("a hook that fails says why", async () => {
  const port = await closedPort();
  await assert.rejects(run({ port, path: "/x" }), {
    message: `Get "http://127.0.0.1:${port}/x": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  const target = { ip: undefined, container: undefined };
  const { signal } = new AbortController();
  await assert.rejects(runNetworkHook({ httpGet: { port } }, target, signal), { message: /networking container/ });
  await assert.rejects(runNetworkHook({ tcpSocket: { port } }, target, signal), { message: /^invalid handler/ });
});

test("a hook ends with the grace that it has", async () => {
  await using server = await rawServer("", "hold");
  const controller = new AbortController();
  const hook = run({ port: server.port }, undefined, controller.signal);
  controller.abort(new Error("too late"));
  await assert.rejects(hook, { message: "too late" });
});
