import { createServer, type Server } from "node:http";
import { getSystemErrorMessage } from "node:util";
import type { Clock, Scope, Timer } from "#base";
import { parseKey } from "#objects";
import { healthAnswer } from "./answer.ts";

export interface ServiceHealth {
  /** 0: no health check port. */
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
  readonly clock: Clock;
  /** Where to listen: `0.0.0.0` for all of the node's addresses. */
  readonly host: string;
  /** Whether the rules are being kept up. */
  readonly healthy: () => boolean;
  /** A port could not be listened on; it is tried again later. */
  readonly onError: (service: string, port: number, why: string) => void;
}

interface Listening {
  readonly port: number;
  readonly server: Server;
  localEndpoints: number;
}

/** A balancer asks one short question at a time. */
const MAX_CONNECTIONS = 64;

/**
 * A port that another process has may be free later; upstream tries with each of its rounds, which are no further
 * apart.
 */
const RETRY_MS = 30_000;

/** Makes {@link HealthServers}; closing the scope closes all of them. */
export function createHealthServers(options: HealthServersOptions): HealthServers {
  const { scope, clock, host, healthy, onError } = options;
  const open = new Map<string, Listening>();
  const retries = new Map<string, Timer>();

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
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (open.get(service) !== entry) return;
      close(service, entry);
      const retry = clock.setTimeout(() => {
        retries.delete(service);
        listen(service, entry);
      }, RETRY_MS);
      retries.set(service, retry);
      const words = error.errno === undefined ? error.message : getSystemErrorMessage(error.errno);
      // As Go says it.
      onError(service, port, `listen tcp ${host}:${port}: bind: ${words}`);
    });
    open.set(service, entry);
    server.listen(port, host);
  };
  scope.defer(() => {
    for (const timer of retries.values()) timer.cancel();
    for (const [service, entry] of open) close(service, entry);
  });

  return {
    update(service, health) {
      // An update tries at once.
      retries.get(service)?.cancel();
      retries.delete(service);
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
