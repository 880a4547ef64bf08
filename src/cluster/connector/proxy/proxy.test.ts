import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage, type RequestListener, type RequestOptions } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ENDPOINTS, PODS, SERVICES, type Endpoints } from "#objects";
import { createProxyWorld, type ProxyWorld } from "./testing/world.ts";

const PODS_PATH = "/api/v1/namespaces/default/pods";
const SERVICES_PATH = "/api/v1/namespaces/default/services";

async function addPod(world: ProxyWorld, name: string, ip: string): Promise<void> {
  const metadata = { namespace: "default", name };
  await world.client.create(PODS, { metadata, spec: { containers: [{ name: "a", ports: [{ containerPort: 80 }] }] } });
  world.client.edit(PODS, metadata, (draft) => {
    draft["status"] = { podIP: ip, podIPs: [{ ip }] };
  });
}

async function addService(world: ProxyWorld, subsets: Endpoints["subsets"]): Promise<void> {
  const metadata = { namespace: "default", name: "web" };
  await world.client.create(SERVICES, { metadata, spec: { ports: [{ name: "http", port: 80 }] } });
  await world.client.create(ENDPOINTS, { metadata, ...(subsets ? { subsets } : {}) });
}

/** A world with the pod `web`. */
async function worldWith(handler: RequestListener): Promise<ProxyWorld> {
  const world = await createProxyWorld(handler);
  await addPod(world, "web", "10.244.0.5");
  return world;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function get(world: ProxyWorld, path: string, options: RequestOptions = {}, body?: string): Promise<Got> {
  const sent = httpRequest({ host: "127.0.0.1", port: world.port, path, agent: false, ...options });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await readAll(response) };
}

const message = ({ body }: Got) => (JSON.parse(body.toString()) as { message: string }).message;

describe("a request for a pod", () => {
  test("gets there with its method, path, query, headers and body, and the answer comes back", async () => {
    await using world = await worldWith((request, response) => {
      void readAll(request).then((body) => {
        response.writeHead(207, { "x-one": "1", "set-cookie": ["a=1", "b=2"] });
        response.end(`${request.method} ${request.url} ${String(request.headers["x-in"])} ${body.toString()}`);
      });
    });
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const headers = { "x-in": "2", "content-length": 5, authorization: "Bearer x" };
      const got = await get(world, `${PODS_PATH}/web:8080/proxy/a%20b/?q=1&q=%2F`, { method, headers }, "hello");
      assert.equal(got.status, 207);
      assert.equal(got.body.toString(), `${method} /a%20b/?q=1&q=%2F 2 hello`);
      assert.deepEqual(got.headers["set-cookie"], ["a=1", "b=2"]);
    }
    assert.equal(world.reached[0], "10.244.0.5:8080");
    const head = await get(world, `${PODS_PATH}/web/proxy/`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers["x-one"], head.body.length], [207, "1", 0]);
    assert.equal(world.reached.at(-1), "10.244.0.5:80");
  });

  test("without a path is sent on to one with a slash", async () => {
    await using world = await worldWith((_, response) => response.end());
    const got = await get(world, `${PODS_PATH}/web/proxy?a=1`);
    assert.deepEqual([got.status, got.headers.location], [301, `${PODS_PATH}/web/proxy/?a=1`]);
    assert.deepEqual(world.reached, []);
  });

  test("streams both ways: the answer to a piece comes before the next piece is sent", async () => {
    await using world = await worldWith((request, response) => {
      response.writeHead(200);
      request.on("data", (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
      request.on("end", () => response.end());
    });
    const sent = httpRequest({ host: "127.0.0.1", port: world.port, path: `${PODS_PATH}/web/proxy/`, method: "POST" });
    sent.write("one");
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const [first] = (await once(response, "data")) as [Buffer];
    assert.equal(first.toString(), "ONE");
    sent.end("two");
    assert.equal((await readAll(response)).toString(), "TWO");
  });

  test("a large body is held back by a slow reader, and nothing of it is lost", async () => {
    const size = 64 * 1024 * 1024;
    let sentSoFar = 0;
    await using world = await worldWith((_, response) => {
      const piece = Buffer.alloc(256 * 1024, 1);
      const more = () => {
        while (sentSoFar < size) {
          sentSoFar += piece.length;
          if (!response.write(piece)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const sent = httpRequest({ host: "127.0.0.1", port: world.port, path: `${PODS_PATH}/web/proxy/` });
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    // No side reads: the sender stops when the buffers between are full.
    let before = -1;
    while (before !== sentSoFar) {
      before = sentSoFar;
      for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.ok(sentSoFar < size / 2, `${sentSoFar} bytes wait somewhere`);
    let read = 0;
    for await (const chunk of response) read += (chunk as Buffer).length;
    assert.equal(read, size);
  });

  test("a client that goes takes the request to the pod with it", async () => {
    const gone = Promise.withResolvers<boolean>();
    await using world = await worldWith((request, response) => {
      response.write("x");
      request.socket.once("close", () => gone.resolve(request.socket.destroyed));
    });
    const sent = httpRequest({ host: "127.0.0.1", port: world.port, path: `${PODS_PATH}/web/proxy/` });
    sent.on("error", () => {});
    sent.end();
    await once(sent, "response");
    sent.destroy();
    assert.ok(await gone.promise);
  });

  test("links of pages and of redirects lead through the proxy", async () => {
    const page = '<a href="/x">x</a>';
    await using world = await worldWith(({ url }, response) => {
      if (url === "/old") response.writeHead(302, { location: "/new" }).end();
      else if (url === "/zipped") {
        response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" }).end(gzipSync(page));
      } else
        response
          .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-length": page.length })
          .end(page);
    });
    const through = `<a href="${PODS_PATH}/web/proxy/x">x</a>`;
    assert.equal((await get(world, `${PODS_PATH}/web/proxy/`)).body.toString(), through);
    assert.equal(gunzipSync((await get(world, `${PODS_PATH}/web/proxy/zipped`)).body).toString(), through);
    assert.equal((await get(world, `${PODS_PATH}/web/proxy/old`)).headers.location, `${PODS_PATH}/web/proxy/new`);
  });

  test("that cannot be reached says why", async () => {
    await using world = await worldWith((request) => request.socket.destroy());
    assert.equal(message(await get(world, `${PODS_PATH}/web/proxy/`)), "error trying to reach service: EOF");
    world.backendPort = 1;
    const refused = await get(world, `${PODS_PATH}/web/proxy/`);
    const why = "dial tcp 10.244.0.5:80: connect: connection refused";
    assert.deepEqual([refused.status, message(refused)], [503, `error trying to reach service: ${why}`]);
    assert.equal(message(await get(world, `${PODS_PATH}/none/proxy/`)), 'pods "none" not found');
    await addPod(world, "host", "127.0.0.1");
    const local = await get(world, `${PODS_PATH}/host/proxy/`);
    assert.deepEqual([local.status, message(local)], [400, "address not allowed"]);
  });
});

describe("an upgrade", () => {
  const upgrade = (world: ProxyWorld, name = "web") => {
    const socket = connect(world.port, "127.0.0.1");
    socket.write(
      `GET ${PODS_PATH}/${name}/proxy/echo?x=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`,
    );
    return socket;
  };
  const until = async (socket: ReturnType<typeof connect>, end: string) => {
    let text = "";
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      if (text.endsWith(end)) break;
    }
    return text;
  };

  test("is passed through with whatever follows", async () => {
    const urls: (string | undefined)[] = [];
    await using world = await worldWith((_, response) => response.writeHead(404).end());
    const { createServer } = await import("node:http");
    const echo = createServer();
    echo.on("upgrade", ({ url, headers }: IncomingMessage, socket: ReturnType<typeof connect>) => {
      urls.push(`${url} ${headers.connection} ${headers.upgrade}`);
      socket.on("error", () => {});
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: b\r\n\r\nready\n");
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    world.scope.defer(() => void echo.close());
    const address = echo.address();
    world.backendPort = typeof address === "object" && address ? address.port : 0;
    const socket = upgrade(world);
    const head = await until(socket, "ready\n");
    assert.match(head, /^HTTP\/1.1 101 [^]*x-a: b\r\n[^]*ready\n$/);
    socket.write("hello\n");
    assert.equal(await until(socket, "hello\n"), "hello\n");
    const closed = once(socket, "close");
    socket.end();
    await closed;
    assert.deepEqual(urls, ["/echo?x=1 Upgrade echo"]);
  });

  test("that the pod does not make is answered by what it said, or by why it is none", async () => {
    await using world = await worldWith(({ url }, response) => {
      response.writeHead(url === "/echo?x=1" ? 403 : 200).end("no");
    });
    const refused = await until(upgrade(world), "no");
    assert.match(refused, /^HTTP\/1.1 403 /);
    world.backendPort = 1;
    const unreachable = await until(upgrade(world), "}");
    assert.match(unreachable, /error dialing backend: dial tcp 10.244.0.5:80: connect: connection refused/);
  });
});

describe("a request for a Service", () => {
  const subset = (addresses: readonly (readonly [ip: string, pod: string])[]) => ({
    addresses: addresses.map(([ip, name]) => ({ ip, targetRef: { kind: "Pod", name, namespace: "default" } })),
    ports: [{ name: "http", port: 8080 }],
  });

  test("goes to a pod that has the address that the Service says", async () => {
    await using world = await worldWith((_, response) => response.end("hello"));
    await addService(world, [
      subset([
        ["10.244.0.5", "web"],
        ["10.244.0.6", "web"],
        ["10.244.0.7", "gone"],
      ]),
    ]);
    for (const name of ["web:80", "web:http", "http:web:http", "web:80", "web:80", "web:80"]) {
      assert.equal((await get(world, `${SERVICES_PATH}/${name}/proxy/`)).body.toString(), "hello");
    }
    assert.deepEqual(new Set(world.reached), new Set(["10.244.0.5:8080"]));
  });

  test("says what is missing", async () => {
    await using world = await worldWith((_, response) => response.end("hello"));
    const said = async (name: string) => {
      const got = await get(world, `${SERVICES_PATH}/${name}/proxy/`);
      return `${got.status} ${message(got)}`;
    };
    assert.equal(await said("web"), '404 endpoints "web" not found');
    assert.equal(await said("web:80"), '404 services "web" not found');
    await addService(world, [subset([["10.244.0.7", "gone"]])]);
    assert.equal(await said("web:80"), '503 no endpoints available for service "web:80"');
    assert.equal(await said("web:99"), '503 no service port 99 found for service "web"');
    assert.equal(await said("ftp:web:80"), '400 invalid service request "ftp:web:80"');
  });
});
