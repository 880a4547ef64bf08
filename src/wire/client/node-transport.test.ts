import { strict as assert } from "node:assert";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { test } from "node:test";
import { createScope, systemClock, type Scope } from "#base";
import type { Connection, TransportResponse } from "#http";
import { createAuthority, issueCertificate } from "../certificates/authority.ts";
import { createNodeTransport } from "./node-transport.ts";

const authority = await createAuthority(systemClock, "test", 1);
const serverPair = await issueCertificate(systemClock, authority, {
  commonName: "server",
  usage: "server",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
  days: 1,
});
const clientPair = await issueCertificate(systemClock, authority, { commonName: "me", usage: "client", days: 1 });
const tls = { cert: serverPair.certificate, key: serverPair.privateKey, ca: authority.certificate, requestCert: true };

/** What the tests' server does, whatever the protocol. */
const handler: RequestListener = (request, response) => {
  if (request.url === "/prefix/forever") {
    response.writeHead(200);
    response.write("first");
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { socket } = request as unknown as { socket: { getPeerCertificate?(): { subject?: { CN?: string } } } };
    const peer = socket.getPeerCertificate?.().subject?.CN;
    response.writeHead(request.url === "/prefix/missing" ? 404 : 200, { "x-version": request.httpVersion });
    response.end(JSON.stringify([request.method, request.url, Buffer.concat(chunks).toString(), peer ?? ""]));
  });
};

const kinds = {
  "HTTP/2": () => createSecureServer({ ...tls, allowHTTP1: true }, handler as never),
  "HTTP/1.1 over TLS": () => createHttpsServer(tls, handler),
  "plain HTTP/1.1": () => createHttpServer(handler),
} as const;

async function listen(scope: Scope, kind: keyof typeof kinds): Promise<Connection> {
  const server: Server = kinds[kind]();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  scope.defer(() => {
    server.close();
    if ("closeAllConnections" in server) (server as { closeAllConnections(): void }).closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  if (kind === "plain HTTP/1.1") return { server: `http://127.0.0.1:${port}/prefix` };
  return {
    server: `https://127.0.0.1:${port}/prefix/`,
    authority: authority.certificate,
    certificate: clientPair.certificate,
    privateKey: clientPair.privateKey,
  };
}

async function textOf(response: TransportResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
  test(`${kind}: a request carries body, headers and the client's certificate, and any status comes back`, async () => {
    await using scope = createScope("test");
    const send = createNodeTransport(await listen(scope, kind), { clock: systemClock, scope });
    const response = await send({
      method: "PUT",
      path: "/thing?a=b",
      headers: {},
      body: new TextEncoder().encode("content"),
    });
    assert.equal(response.status, 200);
    assert.equal(response.header("x-version"), kind === "HTTP/2" ? "2.0" : "1.1");
    const peer = kind === "plain HTTP/1.1" ? "" : "me";
    assert.deepEqual(JSON.parse(await textOf(response)), ["PUT", "/prefix/thing?a=b", "content", peer]);
    const missing = await send({ method: "GET", path: "/missing", headers: {} });
    assert.equal(missing.status, 404);
    await textOf(missing);
  });

  test(`${kind}: many requests are answered at once, each with its own answer`, async () => {
    await using scope = createScope("test");
    const send = createNodeTransport(await listen(scope, kind), { clock: systemClock, scope });
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (_, at) => textOf(await send({ method: "GET", path: `/${at}`, headers: {} }))),
    );
    assert.deepEqual(
      answers.map((answer) => (JSON.parse(answer) as string[])[1]),
      answers.map((_, at) => `/prefix/${at}`),
    );
  });

  test(`${kind}: an abort ends an answer that streams`, async () => {
    await using scope = createScope("test");
    const send = createNodeTransport(await listen(scope, kind), { clock: systemClock, scope });
    const controller = new AbortController();
    const response = await send({ method: "GET", path: "/forever", headers: {}, signal: controller.signal });
    const read = async () => {
      for await (const chunk of response.body) {
        assert.equal(Buffer.from(chunk).toString(), "first");
        controller.abort(new Error("enough"));
      }
    };
    await assert.rejects(read());
  });
}

test("a server that another authority vouches for is refused, unless checking is off", async () => {
  await using scope = createScope("test");
  const { authority: _authority, ...connection } = await listen(scope, "HTTP/2");
  const request = { method: "GET", path: "/", headers: {} };
  const strict = createNodeTransport(connection, { clock: systemClock, scope });
  await assert.rejects(strict(request), /certificate/);
  const lax = createNodeTransport({ ...connection, insecure: true }, { clock: systemClock, scope });
  assert.equal((await lax(request)).status, 200);
});

test("a refused connection rejects, and a later request connects anew", async () => {
  await using scope = createScope("test");
  const send = createNodeTransport({ server: "https://127.0.0.1:1" }, { clock: systemClock, scope });
  await assert.rejects(send({ method: "GET", path: "/", headers: {} }), /ECONNREFUSED/);
  await assert.rejects(send({ method: "GET", path: "/", headers: {} }), /ECONNREFUSED/);
});
