import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Log, Scope } from "#base";
import type { Responder } from "./respond.ts";

export interface Listen {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Queries being answered at once; what comes beyond is dropped, as a full socket would: askers ask again. */
const MAX_IN_HAND = 4096;

/** Answers datagrams until the scope closes. Resolves with the port; rejects when it cannot be had. */
export async function serveUdp(listen: Listen, respond: Responder, scope: Scope, log: Log): Promise<number> {
  const socket = createSocket({ type: isIPv6(listen.address) ? "udp6" : "udp4" });
  const bound = Promise.withResolvers<void>();
  let open = true;
  let inHand = 0;
  socket.on("error", (error) => {
    bound.reject(error);
    log.warn("the DNS server's UDP socket failed", { error });
  });
  socket.on("message", (message, from) => {
    // Port 0 cannot be answered; only forged packets come from it.
    if (inHand >= MAX_IN_HAND || from.port === 0) return;
    inHand++;
    void respond(message, "udp").then((response) => {
      inHand--;
      // The client may be gone: no other client is affected.
      if (open && response) socket.send(response, from.port, from.address, () => {});
    });
  });
  scope.defer(() => {
    open = false;
    return new Promise<void>((resolve) => socket.close(() => resolve()));
  });
  socket.bind({ address: listen.address, port: listen.port }, bound.resolve);
  await bound.promise;
  return socket.address().port;
}
