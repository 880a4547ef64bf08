import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpBody, HttpConnection, HttpResponse, HttpUpgrade } from "./contract.ts";
import { joined } from "./pieces.ts";

/** Lets a handler take an HTTP/1.1 connection over. `head` is what the client sent already. */
export function upgradeOf(protocol: string, socket: Duplex, head: Uint8Array): HttpUpgrade {
  return {
    protocol: protocol.toLowerCase(),
    accept(headers): HttpConnection {
      const lines = Object.entries({ connection: "Upgrade", upgrade: protocol, ...headers });
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\n${lines.map(([name, value]) => `${name}: ${oneLine(value)}\r\n`).join("")}\r\n`,
      );
      return rawConnection(socket, head);
    },
  };
}

/** A socket whose HTTP is over. `head` is what came after it already. */
export function rawConnection(socket: Duplex, head: Uint8Array): HttpConnection {
  return {
    input: inputOf(socket, head),
    write(bytes) {
      if (socket.destroyed) return Promise.reject(new Error("the connection is closed"));
      if (socket.write(bytes)) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const done = (error?: Error) => {
          socket.off("drain", onDrain);
          socket.off("close", onClose);
          if (error) reject(error);
          else resolve();
        };
        const onDrain = () => done();
        const onClose = () => done(new Error("the connection is closed"));
        socket.once("drain", onDrain);
        socket.once("close", onClose);
      });
    },
    close() {
      socket.end();
    },
    cut() {
      socket.destroy();
    },
  };
}

async function* inputOf(socket: Duplex, head: Uint8Array): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  try {
    for await (const chunk of socket) yield chunk as Uint8Array;
  } catch {
    // A connection that breaks has simply ended.
  }
}

/** An ordinary answer to a request that wanted an upgrade; the connection ends with it. */
export async function sendPlain(socket: Duplex, response: HttpResponse): Promise<void> {
  const { status, headers, body } = response;
  if (body.type === "upgraded" || socket.destroyed) return;
  // Nothing more is to come; but that the client has gone is noticed only by who reads.
  socket.resume();
  const { length, pieces } = contentOf(body);
  const all = {
    ...headers,
    ...(length === undefined ? {} : { "content-length": String(length) }),
    connection: "close",
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((one) => `${name}: ${oneLine(one)}\r\n`),
  );
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`);
  const connection = rawConnection(socket, new Uint8Array(0));
  try {
    for await (const piece of pieces) {
      for (const part of piece instanceof Uint8Array ? [piece] : piece) await connection.write(part);
    }
  } catch {
    // The client went away.
  }
  socket.end();
}

/** A body and its length; that of a stream is told by the end of the connection. */
function contentOf(body: Exclude<HttpBody, { readonly type: "upgraded" }>): {
  readonly length: number | undefined;
  readonly pieces: AsyncIterable<Uint8Array | readonly Uint8Array[]> | Iterable<Uint8Array>;
} {
  switch (body.type) {
    case "empty":
      return { length: 0, pieces: [] };
    case "bytes":
      return { length: body.bytes.length, pieces: [body.bytes] };
    case "pieces":
      // Pieces may share their memory: what waits to be sent is a copy.
      return { length: undefined, pieces: joined(body.pieces).pieces };
    case "stream":
      return { length: undefined, pieces: body.stream };
  }
}

const oneLine = (text: string) => text.replace(/[\r\n]+/g, " ");
