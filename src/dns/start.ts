import type { Clock, Log, Random, Scope } from "#base";
import type { SharedCaches } from "#client";
import { createForwarder } from "./forward/forwarder.ts";
import { withoutOurselves, type Upstream } from "./forward/upstream.ts";
import { createResponder, type Responder } from "./server/respond.ts";
import { serveTcp } from "./server/tcp.ts";
import { serveUdp, type Listen } from "./server/udp.ts";
import { createView } from "./zone/view.ts";

export interface DnsOptions {
  readonly caches: SharedCaches;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it ends the server. */
  readonly scope: Scope;
  /** UDP and TCP on the same port. */
  readonly listen: Listen;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** The resolvers for all names outside of the cluster: the host's, by {@link parseResolvConf}. */
  readonly upstreams: readonly Upstream[];
}

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

const ATTEMPTS = 5;

/** Answers the cluster's DNS until the scope closes. Rejects when it cannot listen; nothing is left behind then. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { caches, clock, random, log, listen } = options;
  const clusterDomain = (options.clusterDomain ?? "cluster.local").toLowerCase().replace(/\.$/, "");
  const scope = options.scope.child("dns");
  const view = createView({ caches, clock, clusterDomain, localAddresses: [listen.address] });
  // The handler needs the address, and that is known only once a socket is bound.
  let respond: Responder = () => Promise.resolve(undefined);
  const port = await listenOnBoth(listen, (message, transport) => respond(message, transport), scope, clock, log);
  const server: DnsServer = { address: listen.address, port };
  const upstreams = withoutOurselves(options.upstreams, [server]);
  if (upstreams.length < options.upstreams.length) log.warn("a DNS upstream is this server itself: it is left out");
  const forwarder = createForwarder({ upstreams, clock, random, log, signal: scope.signal });
  respond = createResponder({ view, forwarder, random, log });
  return server;
}

/** With port 0, one that is free for UDP may be taken for TCP: another is tried then. */
async function listenOnBoth(listen: Listen, respond: Responder, scope: Scope, clock: Clock, log: Log): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const sockets = scope.child("sockets");
    try {
      const port = await serveUdp(listen, respond, sockets, log);
      await serveTcp({ ...listen, port }, respond, sockets, clock, log);
      return port;
    } catch (error) {
      await sockets.close();
      if (listen.port !== 0 || attempt === ATTEMPTS) {
        await scope.close();
        throw error;
      }
    }
  }
}
