import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createScope, createVirtualClock } from "#base";
import { createHealthServers } from "./servers.ts";

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

interface Told {
  readonly status: number | undefined;
  readonly weight: string | string[] | undefined;
  readonly body: string;
}

/** What the port answers; its error's code without a listener. */
const ask = (port: number) =>
  new Promise<Told | string>((resolve) => {
    get({ port, host: "127.0.0.1", agent: false }, (response: IncomingMessage) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk)));
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          weight: response.headers["x-load-balancing-endpoint-weight"],
          body,
        }),
      );
    }).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });

test("health check ports answer as upstream's, follow the endpoints, move and close", async () => {
  const scope = createScope("test");
  const errors: string[] = [];
  let healthy = true;
  const clock = createVirtualClock(0);
  const servers = createHealthServers({
    scope,
    clock,
    host: "127.0.0.1",
    healthy: () => healthy,
    onError: (service, port, why) => errors.push(`${service} ${port} ${why}`),
  });
  const [port, other] = [await freePort(), await freePort()];
  servers.update("default/web", { port, localEndpoints: 2 });
  assert.deepEqual(await ask(port), {
    status: 200,
    weight: "2",
    body: '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  });
  const status = async (at: number) => {
    const told = await ask(at);
    return typeof told === "string" ? told : told.status;
  };
  servers.update("default/web", { port, localEndpoints: 0 });
  assert.equal(await status(port), 503);
  servers.update("default/web", { port, localEndpoints: 1 });
  healthy = false;
  assert.equal(await status(port), 503);
  healthy = true;
  servers.update("default/other", { port, localEndpoints: 1 });
  while (errors.length === 0) await status(port);
  const taken = `default/other ${port} listen tcp 127.0.0.1:${port}: bind: address already in use`;
  assert.deepEqual(errors, [taken], "a port that is taken is told of");
  assert.equal(await status(port), 200);
  await clock.advance(30_000);
  while (errors.length === 1) await status(port);
  assert.deepEqual(errors, [taken, taken]);
  servers.update("default/web", { port: other, localEndpoints: 1 });
  assert.equal(await status(other), 200);
  assert.equal(await status(port), "ECONNREFUSED");
  await clock.advance(30_000);
  assert.equal(await status(port), 200, "a port that was taken is tried again");
  servers.update("default/other", undefined);
  servers.update("default/web", undefined);
  assert.equal(await status(other), "ECONNREFUSED");
  servers.update("default/web", { port, localEndpoints: 1 });
  assert.equal(await status(port), 200);
  await scope.close();
  assert.equal(await status(port), "ECONNREFUSED");
  assert.equal(clock.pending, 0);
});
