import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import type { KubeconfigContext } from "#client";

/** An answer whose body is not needed: only its size counts. */
export interface Answer {
  readonly status: number;
  readonly bytes: number;
}

/** A watch that runs until it is closed. */
export interface OpenWatch {
  /** Resolves when the server has begun to answer. */
  readonly started: Promise<void>;
  close(): void;
}

/**
 * A few HTTP/2 connections to one API server, as client libraries use it. It does as little as it can with what
 * comes back, so that the server is what gets measured.
 */
export interface LoadClient {
  /** Sends a request and counts what comes back. */
  send(method: string, path: string, body?: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends a request and reads what comes back. Throws when the status is not a good one. */
  json<T>(method: string, path: string, body?: object, contentType?: string): Promise<T>;
  /** What a GET answers, as it is. */
  text(path: string): Promise<string>;
  /** Opens a GET that goes on, and hands over its bytes as they come. */
  watch(path: string, onBytes: (bytes: Buffer) => void): OpenWatch;
  close(): void;
}

/** The windows that Go's client offers: with Node's own of 64 KiB the client would hold the server back. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 1 << 30;

export function openLoadClient({ connection, authorization }: KubeconfigContext, connections = 4): LoadClient {
  const server = new URL(connection.server);
  const base = server.pathname.replace(/\/$/, "");
  const sessions = Array.from({ length: connections }, () =>
    openSession(server, {
      ca: connection.authority,
      cert: connection.certificate,
      key: connection.privateKey,
      ...(connection.serverName ? { servername: connection.serverName } : {}),
      rejectUnauthorized: !connection.insecure,
    }),
  );
  let turn = 0;

  const request = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: Uint8Array) => {
    const session = sessions[turn++ % sessions.length]!;
    const stream = session.request(
      {
        ":method": method,
        ":path": base + path,
        accept: "application/json",
        ...(authorization ? { authorization } : {}),
        ...headers,
      },
      { endStream: body === undefined },
    );
    if (body) stream.end(body);
    return stream;
  };

  const read = async (stream: ClientHttp2Stream): Promise<{ status: number; text: string }> => {
    const chunks: Buffer[] = [];
    const { status } = await ended(stream, (chunk) => chunks.push(chunk));
    return { status, text: Buffer.concat(chunks).toString() };
  };

  return {
    send(method, path, body, headers = {}) {
      return ended(
        request(method, path, body ? { "content-type": "application/json", ...headers } : headers, body),
        () => {},
      );
    },
    async json<T>(method: string, path: string, body?: object, contentType = "application/json") {
      const bytes = body && Buffer.from(JSON.stringify(body));
      const { status, text } = await read(request(method, path, bytes ? { "content-type": contentType } : {}, bytes));
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
      return JSON.parse(text) as T;
    },
    async text(path) {
      return (await read(request("GET", path, {}))).text;
    },
    watch(path, onBytes) {
      const stream = request("GET", path, {});
      const { promise: started, resolve, reject } = Promise.withResolvers<void>();
      stream.once("response", (headers: IncomingHttpHeaders & { ":status"?: number }) => {
        if (headers[":status"] === 200) resolve();
        else reject(new Error(`watch ${path}: ${headers[":status"]}`));
      });
      stream.on("error", reject);
      stream.on("data", onBytes);
      return { started, close: () => stream.close() };
    },
    close() {
      for (const session of sessions) session.destroy();
    },
  };
}

function openSession(server: URL, tls: object): ClientHttp2Session {
  const session = connect(server, {
    ...tls,
    settings: { initialWindowSize: STREAM_WINDOW },
  });
  session.setMaxListeners(0);
  // What fails, fails at the requests.
  session.on("error", () => {});
  session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW));
  return session;
}

/** The status and the size of an answer, once it has come whole. */
function ended(stream: ClientHttp2Stream, onData: (chunk: Buffer) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let bytes = 0;
    stream.on("response", (headers) => (status = headers[":status"] ?? 0));
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      onData(chunk);
    });
    stream.on("end", () => resolve({ status, bytes }));
    stream.on("error", reject);
  });
}
