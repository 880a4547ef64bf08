import type { ApiServer } from "#apiserver";
import type { Log, Scope } from "#base";
import type { Serving } from "#composition";
import { AddressInUse, CannotListen, serve, type RunningServer } from "#wire";
import type { ClusterAccess } from "./kubeconfig/document.ts";
import { StartError, type ClusterOptions } from "./options.ts";
import type { LazyCredentials } from "./pki/credentials.ts";

export interface ListenerOptions {
  readonly options: ClusterOptions;
  readonly credentials: LazyCredentials;
  readonly log: Log;
  readonly scope: Scope;
  /** A second address to listen on, at the same port: where pods reach this machine. */
  readonly hostAddress?: string | undefined;
}

/** The HTTPS side of a cluster, which may start late or never. */
export interface Listener extends Serving {
  /** Starts listening unless it does already. Not before {@link begin}. */
  listen(): Promise<RunningServer>;
  access(): Promise<ClusterAccess>;
}

/** Where upstream's API server listens. */
const DEFAULT_PORT = 6443;
/** Addresses that mean "all of this machine": clients here use loopback. */
const ANYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

export function createListener(listening: ListenerOptions): Listener {
  const { options, credentials, log, scope, hostAddress } = listening;
  const { bind = "127.0.0.1", port = 0 } = options;
  let apiServer: ApiServer | undefined;
  let running: Promise<RunningServer> | undefined;
  let server: RunningServer | undefined;

  const serveOn = async (host: string, onPort: number) => {
    const { handle } = apiServer!;
    const { authority, server: pair } = await credentials.all();
    try {
      const started = await serve({
        handle,
        tls: { cert: pair.certificate, key: pair.privateKey, clientCa: authority.certificate },
        host,
        port: onPort,
        log,
      });
      scope.defer(() => started.close());
      return started;
    } catch (error) {
      if (error instanceof AddressInUse) {
        throw new StartError(`port ${onPort} of ${host} is in use by another process`, { cause: error });
      }
      if (error instanceof CannotListen) throw new StartError(error.message, { cause: error });
      throw error;
    }
  };
  const start = async () => {
    server = await serveOn(bind, port);
    if (hostAddress !== undefined && !(bind in ANYWHERE) && bind !== hostAddress) {
      await serveOn(hostAddress, server.port);
    }
    return server;
  };
  const listener: Listener = {
    port: () => server?.port ?? options.port ?? DEFAULT_PORT,
    address() {
      if (!server) return undefined;
      const host = ANYWHERE[bind] ?? (bind.includes(":") ? `[${bind}]` : bind);
      return `${host}:${server.port}`;
    },
    async begin(served) {
      apiServer = served;
      // Pods come by the address of this machine, whether the user's clients need the server or not.
      if (options.port !== undefined || hostAddress !== undefined) await listener.listen();
    },
    listen: () => (running ??= start()),
    async access() {
      await listener.listen();
      const { authority, admin } = await credentials.all();
      return {
        server: `https://${listener.address()}`,
        authority: authority.certificate,
        certificate: admin.certificate,
        privateKey: admin.privateKey,
      };
    },
  };
  return listener;
}
