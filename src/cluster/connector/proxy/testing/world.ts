import { createServer, type RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { createRandom, createScope, silentLog, systemClock, type Scope } from "#base";
import type { HttpRequest, HttpResponse } from "#http";
import { plainError, StatusError } from "#objects";
import { createFakeClient, type FakeClient } from "#simulation";
import { serve } from "#wire";
import { connectPod, connectService } from "../connect.ts";

/** A server that passes requests for pods and Services on, and a process behind it. */
export interface ProxyWorld extends AsyncDisposable {
  readonly port: number;
  readonly client: FakeClient;
  /** What was connected to: `10.0.0.1:80`. */
  readonly reached: readonly string[];
  /** The server that is reached from now on. */
  backendPort: number;
  readonly scope: Scope;
}

/** All pods are one process of this machine: whatever address is reached, `handler` answers. */
export async function createProxyWorld(handler: RequestListener): Promise<ProxyWorld> {
  const scope = createScope("proxy");
  const clock = systemClock;
  const random = createRandom(1);
  const backend = createServer(handler);
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  scope.defer(() => {
    backend.closeAllConnections();
    backend.close();
  });
  const address = backend.address();
  const reached: string[] = [];
  const client = createFakeClient({ clock, random });
  const world = { backendPort: typeof address === "object" && address ? address.port : 0 };
  const reach = (host: string, port: number): Socket => {
    reached.push(`${host}:${port}`);
    return connect(world.backendPort, "127.0.0.1");
  };
  const handle = async (request: HttpRequest): Promise<HttpResponse> => {
    const match = /^\/api\/v1\/namespaces\/([^/]+)\/(pods|services)\/([^/]+)\/proxy(?:\/(.*?))?\/?$/.exec(request.path);
    const [, namespace = "", resource = "", name = "", path = ""] = match ?? [];
    const named = { key: { namespace, name: decodeURIComponent(name) }, request, path };
    const options = { client, clock, random, reach };
    try {
      return await (resource === "pods" ? connectPod(named, options) : connectService(named, options));
    } catch (error) {
      const { status, code } = error instanceof StatusError ? error : plainError(String(error));
      const bytes = new TextEncoder().encode(JSON.stringify(status));
      return { status: code, headers: { "content-type": "application/json" }, body: { type: "bytes", bytes } };
    }
  };
  const server = await serve({ handle, host: "127.0.0.1", port: 0, log: silentLog });
  scope.defer(() => server.close(0));
  return {
    port: server.port,
    client,
    reached,
    scope,
    get backendPort() {
      return world.backendPort;
    },
    set backendPort(port) {
      world.backendPort = port;
    },
    [Symbol.asyncDispose]: () => scope.close(),
  };
}
