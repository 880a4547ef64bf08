import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { joinHostPort, serverName } from "./address.ts";
import type { ProbeHeaders } from "./http-headers.ts";
import type { HttpTarget } from "./http-target.ts";
import { brokenText, dialText, socketFailure, type SocketFailure } from "./socket-errors.ts";

const MAX_HEADER_BYTES = 64 * 1024;

/** An answer whose body is yet to be read; dispose it, read or not. */
export interface HttpAnswer extends Disposable {
  readonly status: number;
  readonly location: string | undefined;
  /** At most so many bytes; what comes after them is dropped. Rejects when the body breaks off. */
  body(limit: number): Promise<string>;
}

/** One GET on a connection of its own. Rejects with an Error whose message is Go's. */
export function exchange(target: HttpTarget, headers: ProbeHeaders, signal: AbortSignal): Promise<HttpAnswer> {
  const { scheme, host, port, path } = target;
  const address = joinHostPort(host, port);
  const defaultPort = port === (scheme === "https" ? 443 : 80);
  const options: RequestOptions & { readonly rejectUnauthorized: boolean; readonly servername: string } = {
    host,
    port,
    path,
    headers: {
      Host: headers.host ?? (defaultPort ? address.replace(/:\d+$/, "") : address),
      ...Object.fromEntries(Object.entries(headers.values).map(([name, values]) => [name, [...values]])),
    },
    setHost: false,
    // A new connection each time, that closes with the answer.
    agent: false,
    insecureHTTPParser: true,
    maxHeaderSize: MAX_HEADER_BYTES,
    rejectUnauthorized: false,
    servername: serverName(host),
    signal,
  };
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let route = "";
    const request = begin(scheme, options);
    request.once("socket", (socket) => {
      socket.once("connect", () => {
        route = `${joinHostPort(socket.localAddress ?? "", socket.localPort ?? 0)}->${address}`;
      });
    });
    request.on("error", (error) => {
      const failure = socketFailure(error);
      reject(new Error(dialText(failure, address) ?? protocolText(error, failure) ?? brokenText(failure, route)));
    });
    request.once("response", (response) => resolve(answerOf(response, route)));
    request.end();
  });
}

/** Throws an Error when the headers cannot be sent. */
function begin(scheme: HttpTarget["scheme"], options: RequestOptions): ClientRequest {
  try {
    return (scheme === "https" ? requestHttps : requestHttp)(options);
  } catch (error) {
    const { code, message } = socketFailure(error);
    const name = /\["(.*)"\]/.exec(message)?.[1] ?? "";
    if (code === "ERR_INVALID_HTTP_TOKEN") throw new Error(`net/http: invalid header field name "${name}"`);
    if (code === "ERR_INVALID_CHAR") throw new Error(`net/http: invalid header field value for "${name}"`);
    throw error;
  }
}

function answerOf(response: IncomingMessage, route: string): HttpAnswer {
  // An unread body may fail without consequence.
  response.on("error", () => {});
  return {
    status: response.statusCode ?? 0,
    location: response.headers.location,
    async body(limit) {
      const chunks: Buffer[] = [];
      let length = 0;
      try {
        for await (const chunk of response as AsyncIterable<Buffer>) {
          chunks.push(chunk);
          length += chunk.length;
          if (length >= limit) break;
        }
      } catch (error) {
        const failure = socketFailure(error);
        const text = failure.syscall === undefined ? "unexpected EOF" : brokenText(failure, route);
        throw new Error(text, { cause: error });
      }
      return Buffer.concat(chunks).subarray(0, limit).toString("utf8");
    },
    [Symbol.dispose]() {
      response.destroy();
    },
  };
}

/** What is wrong with what the other side has said, or we were to say; undefined when it is not that. */
function protocolText(error: Error, { code = "", message }: SocketFailure): string | undefined {
  // `…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:…`
  const tls = /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  // OpenSSL does not say what came instead of a TLS record; mostly it is plain HTTP.
  if (tls === "wrong version number" || tls === "packet length too long") return HTTP_TO_HTTPS;
  if (tls !== undefined) return `remote error: tls: ${tls.replace(/^(?:ssl|tls)v\d(?:\.\d)? alert /, "")}`;
  if (code === "HPE_HEADER_OVERFLOW") {
    return `net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded ${MAX_HEADER_BYTES} bytes; aborted`;
  }
  if (!code.startsWith("HPE_")) return undefined;
  const { rawPacket } = error as { readonly rawPacket?: Buffer };
  const line = (rawPacket ?? Buffer.of()).subarray(0, 256).toString("latin1").split(/\r?\n/, 1)[0] ?? "";
  return `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(line)}`;
}

export const HTTP_TO_HTTPS = "http: server gave HTTP response to HTTPS client";
