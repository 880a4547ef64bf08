import type { Clock, Timer } from "#base";
import type { UpgradedConnection } from "#http";
import { StreamGone } from "../streams/contract.ts";
import { Receiver, Sender } from "./ws-parts.ts";

/** As golang.org/x/net/websocket, which upstream serves with. */
const MAX_MESSAGE = 32 * 1024 * 1024;
/** A message may come in so many pieces. */
const MAX_FRAGMENTS = 16 * 1024;
/** How often a client is pinged, so that one that is gone is noticed though nothing is sent to it. */
const PING_MS = 15_000;
/** How long a client may take to answer the closing handshake. */
const LINGER_MS = 5_000;

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const NOTHING = new Uint8Array(0);

/** The server's side of a WebSocket. */
export interface WebSocketConnection {
  /** Read one after the other; what is not read holds the client up. Ends when the client is gone or has closed. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Resolves once there is room for more; rejects when the client is gone. */
  send(data: Uint8Array, as?: "binary" | "text"): Promise<void>;
  /** The closing handshake. The reader of {@link messages} goes on until they end. */
  close(code?: number): Promise<void>;
  /** Breaks it off. */
  cut(): void;
}

export function createWebSocketConnection(connection: UpgradedConnection, clock: Clock): WebSocketConnection {
  let closing = false;
  let gone = false;
  let pinging = false;
  let pongs = 0;
  let timer: Timer | undefined;
  let linger: Timer | undefined;
  /** Frames go out whole and in order. */
  let last: Promise<void> = Promise.resolve();

  const write = (data: Uint8Array, opcode: number): Promise<void> => {
    const next = last.then(() => {
      if (gone) throw new StreamGone();
      const parts = Sender.frame(data, { fin: true, rsv1: false, opcode, mask: false, readOnly: true });
      return connection.write(Buffer.concat(parts));
    });
    last = next.catch(() => {});
    return next;
  };
  const ended = () => {
    gone = true;
    timer?.cancel();
    linger?.cancel();
  };
  const cut = () => {
    ended();
    connection.cut();
  };
  const ping = () => {
    timer = clock.setTimeout(ping, PING_MS);
    // One that waits to go out is enough.
    if (pinging) return;
    pinging = true;
    write(NOTHING, PING).then(() => (pinging = false), cut);
  };
  timer = clock.setTimeout(ping, PING_MS);

  const close = async (code = 1000) => {
    if (closing) return;
    closing = true;
    timer?.cancel();
    linger = clock.setTimeout(cut, LINGER_MS);
    await write(Uint8Array.of(code >> 8, code & 0xff), CLOSE).catch(() => {});
  };

  async function* messages(): AsyncGenerator<Uint8Array, void, undefined> {
    const pending: Uint8Array[] = [];
    let concluded = false;
    const receiver = new Receiver({ isServer: true, maxPayload: MAX_MESSAGE, maxFragments: MAX_FRAGMENTS });
    receiver.on("message", (data) => pending.push(data));
    receiver.on("ping", (data) => {
      // A client that pings without ever reading gets no more answers than fit.
      if (pongs >= 8) return;
      pongs += 1;
      write(data, PONG).then(
        () => (pongs -= 1),
        () => {},
      );
    });
    receiver.on("conclude", () => (concluded = true));
    receiver.on("error", () => {});
    try {
      for await (const chunk of connection.input) {
        const error = await new Promise<unknown>((resolve) => receiver.write(chunk, (problem) => resolve(problem)));
        yield* pending.splice(0);
        if (error) {
          await close(isTooLong(error) ? 1009 : 1002);
          break;
        }
        if (concluded) {
          await close();
          break;
        }
      }
    } finally {
      receiver.destroy();
      cut();
    }
  }

  return {
    messages: messages(),
    send: (data, as = "binary") =>
      closing ? Promise.reject(new StreamGone()) : write(data, as === "text" ? TEXT : BINARY),
    close,
    cut,
  };
}

const isTooLong = (error: unknown) => error instanceof RangeError && /payload/i.test(error.message);
