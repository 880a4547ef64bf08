import { createServer, type Socket } from "node:net";
import type { Clock, Log, Scope, Timer } from "#base";
import type { Responder } from "./respond.ts";
import { createFrames, frame } from "../message/frames.ts";
import type { Listen } from "./udp.ts";

const MAX_CONNECTIONS = 512;
/** Queries of one connection answered at the same time; until one is answered, no more is read. */
const MAX_IN_HAND = 32;
/** Unsent answers of one connection, in bytes, above which no more of its queries are read. */
const MAX_UNSENT = 256 * 1024;
/** As CoreDNS: a connection that asks nothing for so long is closed. */
const IDLE_MS = 10_000;

/** Answers connections until the scope closes: several queries on each, in whatever order they are done. */
export async function serveTcp(
  listen: Listen,
  respond: Responder,
  scope: Scope,
  clock: Clock,
  log: Log,
): Promise<number> {
  const sockets = new Set<Socket>();
  // Half open: a client that has asked everything and ends its side still gets the answers.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, respond, clock);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const bound = Promise.withResolvers<void>();
  server.on("error", (error) => {
    bound.reject(error);
    log.warn("the DNS server's TCP socket failed", { error });
  });
  scope.defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  server.listen({ host: listen.address, port: listen.port }, bound.resolve);
  await bound.promise;
  const address = server.address();
  return typeof address === "object" && address ? address.port : listen.port;
}

function converse(socket: Socket, respond: Responder, clock: Clock): void {
  let inHand = 0;
  let ended = false;
  let idle: Timer | undefined;
  const rest = () => {
    idle?.cancel();
    idle = clock.setTimeout(() => socket.destroy(), IDLE_MS);
  };
  const settle = () => {
    if (socket.destroyed) return;
    if (ended && inHand === 0) socket.end();
    else if (inHand >= MAX_IN_HAND || socket.writableLength > MAX_UNSENT) socket.pause();
    else {
      take();
      socket.resume();
    }
  };
  const frames = createFrames();
  const take = () => {
    while (inHand < MAX_IN_HAND && socket.writableLength <= MAX_UNSENT) {
      const message = frames.next();
      if (!message) return;
      inHand++;
      void respond(message, "tcp").then((response) => {
        inHand--;
        if (response && socket.writable) socket.write(frame(response));
        settle();
      });
    }
  };
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    rest();
    frames.push(chunk);
    settle();
  });
  socket.on("drain", settle);
  socket.on("end", () => {
    ended = true;
    settle();
  });
  socket.on("close", () => idle?.cancel());
  rest();
}
