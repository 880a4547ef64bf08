import { createServer, type Server } from "node:http";
import type { Scope } from "#base";
import { parseKey } from "#objects";
import { healthAnswer } from "./answer.ts";

export interface ServiceHealth {
  /** 0: nobody asks. */
  readonly port: number;
  /** Ready endpoints of the Service on this node. */
  readonly localEndpoints: number;
}

/** Answers on the health check ports of Services. */
export interface HealthServers {
  /** From now on this is so of the Service (`namespace/name`); undefined: it is gone. */
  update(service: string, health: ServiceHealth | undefined): void;
}

export interface HealthServersOptions {
  readonly scope: Scope;
  /** Where to listen: `0.0.0.0` for all of the node's addresses. */
  readonly host: string;
  /** Whether the rules are being kept up. */
  readonly healthy: () => boolean;
  /** A port could not be listened on. */
  readonly onError: (service: string, port: number, error: Error) => void;
}

interface Listening {
  readonly port: number;
  readonly server: Server;
  localEndpoints: number;
}

/** A balancer asks one short question at a time. */
const MAX_CONNECTIONS = 64;

/** Makes {@link HealthServers}; closing the scope closes all of them. */
export function createHealthServers({ scope, host, healthy, onError }: HealthServersOptions): HealthServers {
  const open = new Map<string, Listening>();

  const close = (service: string, { server }: Listening) => {
    open.delete(service);
    server.close();
    server.closeAllConnections();
  };
  const listen = (service: string, { port, localEndpoints }: ServiceHealth) => {
    const server = createServer((request, response) => {
      const { status, headers, body } = healthAnswer(nameOf(service), entry.localEndpoints, healthy());
      request.resume();
      response.writeHead(status, headers).end(body);
    });
    const entry: Listening = { port, server, localEndpoints };
    server.maxConnections = MAX_CONNECTIONS;
    server.on("error", (error) => {
      // Forgotten, so that the next update tries again.
      if (open.get(service) === entry) close(service, entry);
      onError(service, port, error);
    });
    open.set(service, entry);
    server.listen(port, host);
  };
  scope.defer(() => {
    for (const [service, entry] of open) close(service, entry);
  });

  return {
    update(service, health) {
      const known = open.get(service);
      if (known && known.port !== health?.port) close(service, known);
      if (!health || health.port === 0 || scope.signal.aborted) return;
      const still = open.get(service);
      if (still) still.localEndpoints = health.localEndpoints;
      else listen(service, health);
    },
  };
}

const nameOf = (key: string) => {
  const { namespace = "", name } = parseKey(key);
  return { namespace, name };
};
