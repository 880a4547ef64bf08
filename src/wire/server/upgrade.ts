import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#base";
import type { HttpResponse, Upgrade, UpgradedConnection } from "#http";
import type { Outlet } from "./send.ts";
import { hangUp } from "./unread.ts";

/** Lets a handler take an HTTP/1.1 connection over. `head` is what the client sent already. */
export function upgradeOf(protocol: string, socket: Duplex, head: Uint8Array): Upgrade {
  return {
    protocol: protocol.toLowerCase(),
    accept(headers): UpgradedConnection {
      writeHead(socket, "101 Switching Protocols", { connection: "Upgrade", upgrade: protocol, ...headers });
      return rawConnection(socket, head);
    },
  };
}

/** A socket whose HTTP is over. `head` is what came after it already. */
export function rawConnection(socket: Duplex, head: Uint8Array): UpgradedConnection {
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

/** The way out for an ordinary answer to a request that wanted an upgrade: the connection ends with it. */
export function refusedOutlet(
  socket: Duplex,
  { status, headers }: HttpResponse,
  { headOnly, cut }: Pick<Outlet, "headOnly" | "cut">,
  clock: Clock,
): Outlet {
  // A client that keeps its side open would keep the connection for good.
  socket.once("prefinish", () => hangUp(socket, clock));
  return {
    writable: socket,
    headOnly,
    cut,
    head(more, length) {
      // Nothing more is to come; but that the client has gone is noticed only by reading.
      socket.resume();
      const all = { ...headers, ...more, ...(length === undefined ? {} : { "content-length": String(length) }) };
      writeHead(socket, `${status} ${STATUS_CODES[status] ?? ""}`, { ...all, connection: "close" });
    },
    flush() {},
  };
}

function writeHead(socket: Duplex, status: string, headers: HttpResponse["headers"]): void {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((one) => `${name}: ${oneLine(one)}\r\n`),
  );
  socket.write(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`);
}

const oneLine = (text: string) => text.replace(/[\r\n]+/g, " ");
