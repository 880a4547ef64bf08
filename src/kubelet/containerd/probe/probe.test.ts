import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { createVirtualClock, systemClock, type Clock } from "#base";
import type { ProbeOutcome } from "#kubelet";
import type { HTTPGetAction, Pod, Probe } from "#objects";
import { createAuthority } from "#wire";
import { DeadlineExceeded } from "./deadline.ts";
import { probeOverNetwork } from "./probe.ts";
import { probeTcp } from "./tcp.ts";
import { closedPort, onLoopback, rawServer, type LoopbackServer } from "./testing/servers.ts";

const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "default", uid: "u" } };

function ask(probe: Probe, options: { readonly clock?: Clock; readonly signal?: AbortSignal } = {}) {
  const { clock = systemClock, signal = new AbortController().signal } = options;
  const target = { ip: "127.0.0.1", pod, container: { name: "a", ports: [{ name: "web", containerPort: 1 }] } };
  return probeOverNetwork({ timeoutSeconds: 20, ...probe }, target, { clock, signal });
}

const httpGet = (port: number | string, more: Partial<HTTPGetAction> = {}): Probe => ({
  httpGet: { port, path: "/h", ...more },
});

/** Lets the probe's time run out once the server has been reached. */
async function timedOut(server: LoopbackServer, probe: Probe): Promise<ProbeOutcome> {
  const clock = createVirtualClock(0);
  const outcome = ask({ ...probe, timeoutSeconds: 2 }, { clock });
  while (server.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(2000);
  assert.equal(clock.pending, 0);
  return outcome;
}

/** Resolves once a client in this process has the head of an HTTP answer. */
function answerHeaded(): Promise<void> {
  const channel = "http.client.response.finish";
  return new Promise((resolve) => {
    const onHead = () => {
      unsubscribe(channel, onHead);
      resolve();
    };
    subscribe(channel, onHead);
  });
}

const serve = (listener: RequestListener) => onLoopback(createHttpServer(listener));

describe("an HTTP probe", () => {
  test("takes 200 to 399 for success and anything else for failure", async () => {
    await using server = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end("body");
    });
    const at = (status: number) => ask(httpGet(server.port, { path: `/${status}` }));
    assert.deepEqual(await at(200), { result: "success" });
    assert.deepEqual(await at(204), { result: "success" });
    assert.deepEqual(await at(304), { result: "success", message: "Probe terminated redirects, Response body: " });
    for (const status of [400, 404, 503]) {
      assert.deepEqual(await at(status), {
        result: "failure",
        message: `HTTP probe failed with statuscode: ${status}`,
      });
    }
  });

  test("sends a GET with the path, the headers of the spec and upstream's user agent", async () => {
    let seen: IncomingMessage | undefined;
    await using server = await serve((request, response) => {
      seen = request;
      response.end();
    });
    const httpHeaders = [
      { name: "X-Tag", value: "ü" },
      { name: "X-Tag", value: "b" },
    ];
    await ask(httpGet(String(server.port), { path: "/a b?c", httpHeaders }));
    assert.equal(seen?.method, "GET");
    assert.equal(seen?.url, "/a%20b?c");
    assert.deepEqual(seen?.headers, {
      host: `127.0.0.1:${server.port}`,
      "x-tag": `${Buffer.from("ü").toString("latin1")}, b`,
      "user-agent": "kube-probe/1.36",
      accept: "*/*",
      connection: "close",
    });
    await ask(httpGet(server.port, { httpHeaders: [{ name: "Host", value: "example.com" }] }));
    assert.equal(seen?.headers.host, "example.com");
  });

  test("follows redirects on the host; away from it they are a success with a warning", async () => {
    const referers: (string | undefined)[] = [];
    await using server = await serve((request, response) => {
      referers.push(request.headers.referer);
      const to = new Map([
        ["/h", "/two"],
        ["/two", "three"],
        ["/away", "http://example.invalid/x"],
        ["/loop", "/loop"],
        ["/bad", "http://a b/"],
      ]).get(request.url ?? "");
      if (to === undefined) response.writeHead(request.url === "/none" ? 302 : 200).end();
      else response.writeHead(302, { Location: to }).end("moved");
    });
    const base = `http://127.0.0.1:${server.port}`;
    assert.deepEqual(await ask(httpGet(server.port)), { result: "success" });
    assert.deepEqual(referers, [undefined, `${base}/h`, `${base}/two`]);
    const at = (path: string) => ask(httpGet(server.port, { path }));
    const warning = "Probe terminated redirects, Response body: ";
    assert.deepEqual(await at("/away"), { result: "success", message: `${warning}moved` });
    assert.deepEqual(await at("/none"), { result: "success", message: warning });
    assert.deepEqual(await at("/loop"), { result: "failure", message: 'Get "/loop": stopped after 10 redirects' });
    assert.deepEqual(await at("/bad"), {
      result: "failure",
      message: `Get "${base}/bad": failed to parse Location header "http://a b/"`,
    });
  });

  test("reads no more than 10 KiB of a body", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(300);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(4096)));
      };
      response.on("drain", more);
      more();
    });
    const { result, message = "" } = await ask(httpGet(server.port));
    assert.equal(result, "success");
    assert.equal(message.length, "Probe terminated redirects, Response body: ".length + 10 * 1024);
  });

  test("reports broken answers in Go's words", async () => {
    const cases: readonly (readonly [answer: string, then: "close" | "reset", message: string])[] = [
      ["", "close", "EOF"],
      ["garbage\r\n\r\n", "close", 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "garbage"'],
      ["", "reset", "read tcp LOCAL->REMOTE: read: connection reset by peer"],
    ];
    for (const [answer, then, message] of cases) {
      await using server = await rawServer(answer, then);
      const outcome = await ask(httpGet(server.port));
      assert.equal(outcome.result, "failure");
      const remote = `127.0.0.1:${server.port}`;
      const said = outcome.message?.replace(`${remote}:`, "REMOTE:").replace(/127\.0\.0\.1:\d+->/, "LOCAL->");
      assert.equal(said, `Get "http://${remote}/h": ${message}`);
    }
    const port = await closedPort();
    assert.deepEqual(await ask(httpGet(port)), {
      result: "failure",
      message: `Get "http://127.0.0.1:${port}/h": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  test("knows nothing after three bodies that break off", async () => {
    await using server = await rawServer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "close");
    assert.deepEqual(await ask(httpGet(server.port)), {
      result: "unknown",
      state: "failure",
      message: "unexpected EOF",
    });
    assert.equal(server.connections, 3);
  });

  test("fails when the headers or the body do not come in time", async () => {
    await using silent = await rawServer("", "hold");
    assert.deepEqual(await timedOut(silent, httpGet(silent.port)), {
      result: "failure",
      message: `Get "http://127.0.0.1:${silent.port}/h": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    await using slow = await rawServer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "hold");
    const clock = createVirtualClock(0);
    let headed = answerHeaded();
    const outcome = ask({ ...httpGet(slow.port), timeoutSeconds: 2 }, { clock });
    // It is asked three times.
    for (let attempt = 0; attempt < 3; attempt++) {
      await headed;
      headed = answerHeaded();
      await clock.advance(2000);
    }
    assert.deepEqual(await outcome, {
      result: "unknown",
      state: "failure",
      message: "context deadline exceeded (Client.Timeout or context cancellation while reading body)",
    });
  });

  test("takes any certificate, and says when the server does not speak TLS", async () => {
    const { certificate, privateKey } = await createAuthority(systemClock, "unknown", 1);
    await using server = await onLoopback(
      createHttpsServer({ cert: certificate, key: privateKey }, (_request, response) => response.end()),
    );
    assert.deepEqual(await ask(httpGet(server.port, { scheme: "HTTPS" })), { result: "success" });
    await using plain = await serve((_request, response) => response.end());
    assert.deepEqual(await ask(httpGet(plain.port, { scheme: "HTTPS" })), {
      result: "failure",
      message: `Get "https://127.0.0.1:${plain.port}/h": http: server gave HTTP response to HTTPS client`,
    });
  });

  test("reports a port that does not exist and a header that HTTP forbids", async () => {
    assert.deepEqual(await ask(httpGet("nope")), {
      result: "unknown",
      message: 'strconv.Atoi: parsing "nope": invalid syntax',
    });
    await using server = await serve((_request, response) => response.end());
    const bad = await ask(httpGet(server.port, { httpHeaders: [{ name: "X-A", value: "a\nb" }] }));
    assert.deepEqual(bad, {
      result: "failure",
      message: `Get "http://127.0.0.1:${server.port}/h": net/http: invalid header field value for "X-A"`,
    });
  });

  test("gives no outcome to a caller that aborts", async () => {
    await using server = await rawServer("", "hold");
    const controller = new AbortController();
    const outcome = ask(httpGet(server.port), { signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(outcome, { message: "enough" });
  });
});

describe("a TCP probe", () => {
  test("passes when the port takes connections, and fails when it refuses them", async () => {
    await using server = await onLoopback(createServer());
    assert.deepEqual(await ask({ tcpSocket: { port: server.port } }), { result: "success" });
    const port = await closedPort();
    assert.deepEqual(await ask({ tcpSocket: { port } }), {
      result: "failure",
      message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
    assert.deepEqual(await ask({ tcpSocket: { port, host: "localhost" } }), {
      result: "failure",
      message: `dial tcp localhost:${port}: connect: connection refused`,
    });
  });

  test("fails when there is no connection in time", async () => {
    assert.deepEqual(await probeTcp("fd00::1", 80, AbortSignal.abort(new DeadlineExceeded())), {
      result: "failure",
      message: "dial tcp [fd00::1]:80: i/o timeout",
    });
  });
});

test("a probe without a handler is unknown", async () => {
  assert.deepEqual(await ask({}), { result: "unknown", message: "missing probe handler for p_default(u):a" });
});
