import type { Clock, Timer } from "#base";
import type { UpgradedConnection } from "#http";
import { ByteBudget } from "../streams/byte-queue.ts";
import { StreamGone } from "../streams/contract.ts";
import {
  dataFrame,
  FrameReader,
  goAwayFrame,
  openFrame,
  pingFrame,
  replyFrame,
  resetFrame,
  RST,
  SpdyError,
  type Frame,
} from "./frames.ts";
import { createHeaderDeflater, createHeaderInflater, type SpdyHeaders } from "./headers.ts";
import { Stream, type SpdyStream, type StreamSession } from "./stream.ts";

/** A browser on a forwarded port opens dozens of connections, with two streams each. */
const MAX_STREAMS = 2_000;
/** Bytes of all streams that wait to be read before the other side is held up. */
const SESSION_LIMIT = 8 * 1024 * 1024;
/** Answers that wait to go out; a client that asks for more without reading is held up. */
const MAX_ANSWERS = 64;
const PING_MS = 15_000;
/** How long the other side may take to read the rest and close. */
const LINGER_MS = 5_000;

const GOAWAY_OK = 0;
const GOAWAY_PROTOCOL_ERROR = 1;

export interface SpdyOptions {
  readonly role: "client" | "server";
  readonly clock: Clock;
  /** Whether the other side may open a stream with these headers; without it, it may open none. */
  readonly accepts?: (headers: SpdyHeaders) => boolean;
  /** It did. */
  readonly onStream?: (stream: SpdyStream) => void;
}

/**
 * Many streams on one connection. As in upstream's spdystream there are no windows: a stream that is not read holds
 * the connection up once its buffer is full.
 */
export interface SpdySession {
  /** Resolves once the other side has agreed. Rejects when it refuses or is gone. */
  open(headers: SpdyHeaders): Promise<SpdyStream>;
  /** Says goodbye, and leaves the other side a moment to read what was written. */
  close(): Promise<void>;
  /** Breaks it off. */
  cut(): void;
  /** Aborts once the connection is gone. */
  readonly signal: AbortSignal;
  /** Streams that are open. */
  readonly size: number;
}

export function createSpdySession(connection: UpgradedConnection, options: SpdyOptions): SpdySession {
  return new Session(connection, options);
}

interface Opening {
  readonly stream: Stream;
  readonly resolve: (stream: SpdyStream) => void;
  readonly reject: (error: Error) => void;
}

class Session implements SpdySession, StreamSession {
  readonly budget = new ByteBudget(SESSION_LIMIT);
  readonly #connection: UpgradedConnection;
  readonly #options: SpdyOptions;
  readonly #controller = new AbortController();
  readonly #streams = new Map<number, Stream>();
  readonly #opening = new Map<number, Opening>();
  readonly #deflater = createHeaderDeflater();
  readonly #inflater = createHeaderInflater();
  /** Frames go out whole and in order. */
  #last: Promise<void> = Promise.resolve();
  #answers = 0;
  #nextId: number;
  #nextPing: number;
  #lastReceived = 0;
  #pinging = false;
  #goingAway: "no" | "here" | "there" = "no";
  #timer: Timer;
  #linger: Timer | undefined;

  constructor(connection: UpgradedConnection, options: SpdyOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#nextId = options.role === "client" ? 1 : 2;
    this.#nextPing = this.#nextId;
    this.#timer = options.clock.setTimeout(() => this.#ping(), PING_MS);
    void this.#read();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get size(): number {
    return this.#streams.size;
  }

  async open(headers: SpdyHeaders): Promise<SpdyStream> {
    if (this.#goingAway !== "no" || this.signal.aborted) throw new StreamGone("the connection is closed");
    if (this.#streams.size >= MAX_STREAMS) throw new StreamGone("too many streams");
    const stream = new Stream(this.#nextId, headers, this);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    const agreed = new Promise<SpdyStream>((resolve, reject) =>
      this.#opening.set(stream.id, { stream, resolve, reject }),
    );
    agreed.catch(() => {});
    await this.#send(async () => openFrame(stream.id, await this.#deflater.run(headers)));
    return agreed;
  }

  async close(): Promise<void> {
    if (this.#goingAway !== "here" && !this.signal.aborted) {
      this.#goingAway = "here";
      this.#linger = this.#options.clock.setTimeout(() => this.cut(), LINGER_MS);
      for (const stream of this.#streams.values()) stream.input.drop();
      await this.#send(() => goAwayFrame(this.#lastReceived, GOAWAY_OK)).catch(() => {});
      this.#connection.close();
    }
    if (!this.signal.aborted) {
      await new Promise((resolve) => this.signal.addEventListener("abort", resolve, { once: true }));
    }
  }

  cut(): void {
    this.#break(new StreamGone("the connection is closed"));
  }

  #break(reason: unknown): void {
    if (this.signal.aborted) return;
    this.#timer.cancel();
    this.#linger?.cancel();
    this.#controller.abort(reason);
    for (const { reject } of this.#opening.values()) reject(new StreamGone("the connection is closed"));
    this.#opening.clear();
    for (const stream of [...this.#streams.values()]) stream.broken();
    this.#deflater.close();
    this.#inflater.close();
    this.budget.wake();
    this.#connection.cut();
  }

  sendData(id: number, bytes: Uint8Array, end: boolean): Promise<void> {
    return this.#send(() => dataFrame(id, bytes, end));
  }

  sendReset(id: number): void {
    this.#answer(() => resetFrame(id, RST.CANCEL));
  }

  over(id: number): void {
    this.#streams.delete(id);
    this.#opening.get(id)?.reject(new StreamGone("the other side has refused the stream"));
    this.#opening.delete(id);
    if (this.#goingAway === "there" && this.#streams.size === 0) this.#connection.close();
  }

  #send(frame: () => Uint8Array | Promise<Uint8Array>): Promise<void> {
    const next = this.#last.then(async () => {
      if (this.signal.aborted) throw new StreamGone("the connection is closed");
      await this.#connection.write(await frame());
    });
    this.#last = next.catch(() => {});
    return next;
  }

  /** Sends without waiting for it. */
  #answer(frame: () => Uint8Array | Promise<Uint8Array>): void {
    this.#answers += 1;
    this.#send(frame)
      .catch(() => this.cut())
      .finally(() => (this.#answers -= 1));
  }

  #ping(): void {
    this.#timer = this.#options.clock.setTimeout(() => this.#ping(), PING_MS);
    // One ping that waits to go out is enough: it only checks that the peer is there.
    if (this.#pinging) return;
    this.#pinging = true;
    const id = this.#nextPing;
    this.#nextPing = id > 0x7fff_fff0 ? 2 - (id % 2) : id + 2;
    this.#send(() => pingFrame(id)).then(
      () => (this.#pinging = false),
      () => this.cut(),
    );
  }

  async #read(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const chunk of this.#connection.input) {
        for (const frame of reader.read(chunk)) {
          await this.#take(frame);
          if (this.#answers > MAX_ANSWERS) await this.#last;
        }
        if (this.signal.aborted) break;
      }
    } catch (error) {
      if (!(error instanceof SpdyError)) return this.#break(error);
      this.#linger ??= this.#options.clock.setTimeout(() => this.cut(), LINGER_MS);
      await this.#send(() => goAwayFrame(this.#lastReceived, GOAWAY_PROTOCOL_ERROR)).catch(() => {});
      this.#break(error);
    }
    this.cut();
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data": {
        const stream = this.#streams.get(frame.stream);
        const room = stream?.receive(frame.bytes);
        if (room) await room;
        if (frame.end) stream?.receivedEnd();
        return;
      }
      case "open":
        return this.#opened(frame.stream, frame.end, await this.#inflater.run(frame.block));
      case "reply": {
        await this.#inflater.run(frame.block);
        const opening = this.#opening.get(frame.stream);
        this.#opening.delete(frame.stream);
        if (frame.end) opening?.stream.receivedEnd();
        opening?.resolve(opening.stream);
        return;
      }
      case "headers":
        await this.#inflater.run(frame.block);
        if (frame.end) this.#streams.get(frame.stream)?.receivedEnd();
        return;
      case "reset":
        this.#streams.get(frame.stream)?.broken();
        return;
      case "ping":
        // Ids of the other side are to be sent back; ours come back.
        if (frame.id % 2 !== this.#nextPing % 2) this.#answer(() => pingFrame(frame.id));
        return;
      case "goaway":
        if (this.#goingAway === "no") this.#goingAway = "there";
        if (this.#streams.size === 0) this.#connection.close();
    }
  }

  #opened(id: number, end: boolean, headers: SpdyHeaders): void {
    if (id % 2 === this.#nextId % 2 || id <= this.#lastReceived) {
      this.#answer(() => resetFrame(id, RST.PROTOCOL_ERROR));
      return;
    }
    this.#lastReceived = id;
    if (this.#goingAway !== "no") return;
    if (this.#streams.size >= MAX_STREAMS || !this.#options.accepts?.(headers)) {
      this.#answer(() => resetFrame(id, RST.REFUSED));
      return;
    }
    const stream = new Stream(id, headers, this);
    this.#streams.set(id, stream);
    // The reply goes out before anything that the one who takes the stream may write.
    this.#answer(async () => replyFrame(id, await this.#deflater.run(new Map())));
    if (end) stream.receivedEnd();
    this.#options.onStream?.(stream);
  }
}
