import { ByteQueue, type ByteBudget } from "../streams/byte-queue.ts";
import { StreamGone, type DuplexBytes } from "../streams/contract.ts";
import type { SpdyHeaders } from "./headers.ts";

/** Bytes of one stream that wait to be read before the whole session is held up. */
const STREAM_LIMIT = 512 * 1024;
/** Data frames as long as upstream writes them. */
const PIECE = 32 * 1024;

/** One stream of a session. */
export interface SpdyStream extends DuplexBytes {
  readonly id: number;
  /** What it was opened with. */
  readonly headers: SpdyHeaders;
  readonly input: ByteQueue;
  /** Resolves once it is over: ended by both sides, or broken off by one. */
  readonly gone: Promise<void>;
}

/** What a stream does by way of its session. */
export interface StreamSession {
  readonly budget: ByteBudget;
  sendData(id: number, bytes: Uint8Array, end: boolean): Promise<void>;
  sendReset(id: number): void;
  /** Nothing more goes or comes on the stream. */
  over(id: number): void;
}

export class Stream implements SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly input: ByteQueue;
  readonly #session: StreamSession;
  #sent: "open" | "ended" = "open";
  #received: "open" | "ended" = "open";
  #gone = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(id: number, headers: SpdyHeaders, session: StreamSession) {
    this.id = id;
    this.headers = headers;
    this.#session = session;
    this.input = new ByteQueue(STREAM_LIMIT, session.budget);
  }

  get gone(): Promise<void> {
    return this.#over.promise;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE) {
      if (this.#gone || this.#sent === "ended") throw new StreamGone();
      await this.#session.sendData(this.id, bytes.subarray(at, at + PIECE), false);
    }
  }

  async end(): Promise<void> {
    if (this.#gone || this.#sent === "ended") return;
    this.#sent = "ended";
    await this.#session.sendData(this.id, new Uint8Array(0), true);
    this.#settle();
  }

  close(): void {
    this.input.drop();
    if (this.#gone) return;
    this.#leave();
    this.#session.sendReset(this.id);
  }

  /** Resolves once there is room for more. */
  receive(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#gone || this.#received === "ended" || bytes.length === 0) return undefined;
    return this.input.push(bytes);
  }

  receivedEnd(): void {
    this.#received = "ended";
    this.input.end();
    this.#settle();
  }

  /** The other side broke it off, or the session is at its end. */
  broken(): void {
    this.input.end();
    if (!this.#gone) this.#leave();
  }

  #settle(): void {
    if (this.#sent === "ended" && this.#received === "ended" && !this.#gone) this.#leave();
  }

  #leave(): void {
    this.#gone = true;
    this.#over.resolve();
    this.#session.over(this.id);
  }
}
