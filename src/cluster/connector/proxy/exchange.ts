import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "#base";
import type { HttpRequest } from "#http";
import type { Destination } from "./destination.ts";
import { connectTo, DialTimeout, type Reach } from "./dial.ts";
import type { Headers } from "./headers.ts";

export interface Asked {
  readonly request: HttpRequest;
  readonly destination: Destination;
  readonly port: number;
  /** With its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly reach: Reach;
  readonly clock: Clock;
}

export type Came =
  | { readonly type: "response"; readonly response: IncomingMessage }
  | {
      readonly type: "upgrade";
      readonly response: IncomingMessage;
      readonly socket: Socket;
      readonly head: Uint8Array;
    };

/** As long as Go's default transport. */
const DIAL_MS = 30_000;

/**
 * Asks, and resolves with the head of what came back. The client's body follows as the other side takes it.
 * Rejects with what Node says. Everything ends when the client goes.
 */
export function ask({ request, destination, port, path, headers, reach, clock }: Asked): Promise<Came> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      method: request.method,
      path,
      headers,
      setHost: false,
      createConnection: () => connectTo(destination, port, reach),
    });
    const timer = clock.setTimeout(() => outgoing.destroy(new DialTimeout()), DIAL_MS);
    const connected = () => timer.cancel();
    outgoing.on("socket", (socket) => socket.once(destination.secure ? "secureConnect" : "connect", connected));
    const gone = () => outgoing.destroy();
    request.signal.addEventListener("abort", gone, { once: true });
    if (request.signal.aborted) gone();
    outgoing.on("close", () => {
      timer.cancel();
      request.signal.removeEventListener("abort", gone);
      reject(new Error("the request was broken off"));
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => resolve({ type: "response", response }));
    outgoing.on("upgrade", (response, socket, head) => resolve({ type: "upgrade", response, socket, head }));
    sendBody(request, outgoing).catch(() => outgoing.destroy());
  });
}

async function sendBody(request: HttpRequest, outgoing: ClientRequest): Promise<void> {
  const { headers } = request;
  const announced = headers["content-length"];
  const unannounced = headers["transfer-encoding"] !== undefined || headers[":method"] !== undefined;
  const hasBody =
    announced === undefined ? unannounced && !["GET", "HEAD"].includes(request.method) : announced !== "0";
  if (hasBody && !request.upgrade && request.stream) {
    for await (const chunk of request.stream()) {
      if (outgoing.destroyed || outgoing.writableEnded) return;
      if (!outgoing.write(chunk)) await drained(outgoing);
    }
  }
  outgoing.end();
}

function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
    if (outgoing.destroyed) done();
  });
}
