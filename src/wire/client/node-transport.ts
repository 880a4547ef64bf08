import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as tlsConnect, type ConnectionOptions } from "node:tls";
import type { Clock, Scope } from "#base";
import type { Connection, HttpTransport, TransportRequest, TransportResponse } from "#http";
import { createHttp2Pool, type Http2Pool } from "./http2-pool.ts";

export interface NodeTransportOptions {
  readonly clock: Clock;
  /** Closing it closes every connection. */
  readonly scope: Scope;
}

/**
 * A transport over the network: HTTP/2 where the server offers it, all requests and watches over few
 * connections that are pinged while they are quiet; otherwise HTTP/1.1 with connections kept alive.
 */
export function createNodeTransport(connection: Connection, { clock, scope }: NodeTransportOptions): HttpTransport {
  const url = new URL(connection.server);
  const prefix = url.pathname.replace(/\/+$/, "");
  const secure = url.protocol === "https:";
  const tls: ConnectionOptions = {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || (secure ? 443 : 80)),
    rejectUnauthorized: connection.insecure !== true,
    ...(connection.authority ? { ca: connection.authority } : {}),
    ...(connection.certificate ? { cert: connection.certificate } : {}),
    ...(connection.privateKey ? { key: connection.privateKey } : {}),
    ...(connection.serverName ? { servername: connection.serverName } : {}),
  };
  const agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
  scope.defer(() => agent.destroy());

  const overHttp1: HttpTransport = (request) =>
    new Promise((resolve, reject) => {
      const { method, headers, body, signal } = request;
      const send = secure ? httpsRequest : httpRequest;
      const { host, port } = tls;
      const outgoing = send(
        {
          host,
          port,
          agent,
          method,
          path: prefix + request.path,
          headers: { ...headers, ...(body ? { "content-length": String(body.byteLength) } : {}) },
          ...(signal ? { signal } : {}),
        },
        (message) => resolve(responseOf(message)),
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  if (!secure) return overHttp1;

  /** What the server speaks: learned from the first connection, and again after that one was lost. */
  let chosen: Promise<Http2Pool | undefined> | undefined;
  const choose = async (): Promise<Http2Pool | undefined> => {
    const socket = await new Promise<ReturnType<typeof tlsConnect>>((resolve, reject) => {
      const opened = tlsConnect({ ...tls, ALPNProtocols: ["h2", "http/1.1"] }, () => resolve(opened));
      opened.once("error", reject);
    });
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return undefined;
    }
    return createHttp2Pool({ origin: url.origin, tls, first: socket, clock, scope });
  };

  return async (request: TransportRequest): Promise<TransportResponse> => {
    chosen ??= choose();
    let pool: Http2Pool | undefined;
    try {
      pool = await chosen;
    } catch (error) {
      chosen = undefined;
      throw error;
    }
    return pool ? pool.send({ ...request, path: prefix + request.path }) : overHttp1(request);
  };
}

function responseOf(message: IncomingMessage): TransportResponse {
  return {
    status: message.statusCode ?? 0,
    header(name) {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: message as AsyncIterable<Uint8Array>,
  };
}
