import type { Clock, Timer } from "#base";
import type { UpgradedConnection } from "#http";
import { StreamGone } from "../streams/contract.ts";
import { FrameWriter } from "./frame-writer.ts";
import { receivedMessages } from "./received-messages.ts";

/** How often a client is pinged, so that one that is gone is noticed though nothing is sent to it. */
const PING_MS = 15_000;
/** How long a client may take to answer the closing handshake. */
const LINGER_MS = 5_000;
/** Answers to pings that wait to go out. */
const MAX_PONGS = 8;

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

/** Pings are sent, and messages taken, from the beginning on. */
export function createWebSocketConnection(connection: UpgradedConnection, clock: Clock): WebSocketConnection {
  return new ServerConnection(connection, clock);
}

class ServerConnection implements WebSocketConnection {
  readonly #connection: UpgradedConnection;
  readonly #clock: Clock;
  readonly #frames: FrameWriter;
  readonly messages: AsyncIterable<Uint8Array>;
  /** `closing`: our half of the closing handshake is out. */
  #state: "open" | "closing" | "gone" = "open";
  /** While it is open: the next ping. While it closes: how long the client may take. */
  #timer: Timer;
  /** A ping waits to go out; one is enough. */
  #pinging = false;
  #pongs = 0;

  constructor(connection: UpgradedConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#frames = new FrameWriter(connection);
    this.#timer = clock.setTimeout(this.#ping, PING_MS);
    this.messages = this.#read();
  }

  send(data: Uint8Array, as: "binary" | "text" = "binary"): Promise<void> {
    if (this.#state !== "open") return Promise.reject(new StreamGone());
    return this.#frames.write(data, as === "text" ? TEXT : BINARY);
  }

  async close(code = 1000): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#timer.cancel();
    this.#timer = this.#clock.setTimeout(() => this.cut(), LINGER_MS);
    await this.#frames.write(Uint8Array.of(code >> 8, code & 0xff), CLOSE).catch(() => {});
  }

  cut(): void {
    this.#state = "gone";
    this.#timer.cancel();
    this.#frames.stop();
    this.#connection.cut();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* receivedMessages(this.#connection.input, {
        ping: (data) => this.#pong(data),
        over: (code) => this.close(code),
      });
    } finally {
      this.cut();
    }
  }

  readonly #ping = (): void => {
    this.#timer = this.#clock.setTimeout(this.#ping, PING_MS);
    if (this.#pinging) return;
    this.#pinging = true;
    this.#frames.write(NOTHING, PING).then(
      () => (this.#pinging = false),
      () => this.cut(),
    );
  };

  #pong(data: Uint8Array): void {
    // A client that pings without ever reading gets no more answers than fit.
    if (this.#pongs >= MAX_PONGS) return;
    this.#pongs += 1;
    this.#frames.write(data, PONG).then(
      () => (this.#pongs -= 1),
      () => {},
    );
  }
}
