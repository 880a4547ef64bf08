import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "#base";
import type { HttpResponse, ResponseStream } from "#http";
import { joined, sliced, type Pieces } from "./pieces.ts";

/** Where bytes go that a client takes in its time. */
interface Sink {
  readonly writable: Writable;
  /** Breaks the response off. */
  readonly cut: () => void;
}

/** One response on its way out, HTTP/1.1 or HTTP/2 alike. Its sink takes the body once the head is out. */
export interface Outlet extends Sink {
  /** Sends status and headers; `length` of the body in bytes when it is known. */
  head(more: Readonly<Record<string, string>>, length: number | undefined): void;
  /** Sends headers that wait for a body at once. */
  flush(): void;
  /** HEAD: headers only. */
  readonly headOnly: boolean;
}

/** A turn of the event loop is given up after so many milliseconds. */
const TURN_MS = 5;
/** Bodies up to this many bytes are sent as they are (apiserver responsewriters). */
const GZIP_THRESHOLD = 128 * 1024;
const GZIP_HEADERS = { "content-encoding": "gzip", vary: "Accept-Encoding" } as const;

/**
 * Sends a response. Pulls from its body only as fast as the client takes it, and cuts a client that takes
 * nothing for `stalledMs`. Resolves when everything is handed over or the client is gone.
 */
export async function send(outlet: Outlet, response: HttpResponse, clock: Clock, stalledMs: number): Promise<void> {
  const { body } = response;
  const { writable } = outlet;
  switch (body.type) {
    case "upgraded":
      return;
    case "empty":
      outlet.head({}, response.status === 304 || response.status === 204 ? undefined : 0);
      writable.end();
      return;
    case "bytes": {
      const { bytes } = body;
      if (response.gzip && bytes.length > GZIP_THRESHOLD) return sendGzip(outlet, sliced(bytes), clock, stalledMs);
      outlet.head({}, bytes.length);
      if (outlet.headOnly || bytes.length === 0) writable.end();
      else writable.end(bytes);
      return;
    }
    case "pieces":
      return sendPieces(outlet, response, body.pieces, clock, stalledMs);
    case "stream":
      return sendStream(outlet, body, clock, stalledMs);
  }
}

/** Collects until it is clear whether the body is small; a small one is sent whole. */
async function sendPieces(
  outlet: Outlet,
  response: HttpResponse,
  pieces: Iterable<Uint8Array>,
  clock: Clock,
  stalledMs: number,
): Promise<void> {
  const { writable } = outlet;
  const { pieces: rest, written } = joined(pieces);
  const start: Uint8Array[] = [];
  let length = 0;
  while (length <= GZIP_THRESHOLD) {
    const next = rest.next();
    if (next.done) {
      outlet.head({}, length);
      if (!outlet.headOnly) {
        writable.cork();
        for (const piece of start) writable.write(piece);
        writable.uncork();
      }
      writable.end();
      return;
    }
    start.push(next.value);
    length += next.value.length;
  }
  const whole: Pieces = { pieces: chain(start, rest), written };
  if (response.gzip) return sendGzip(outlet, whole, clock, stalledMs);
  outlet.head({}, undefined);
  if (outlet.headOnly) {
    writable.end();
    return;
  }
  return feed(outlet, whole, clock, stalledMs);
}

async function sendGzip(outlet: Outlet, whole: Pieces, clock: Clock, stalledMs: number): Promise<void> {
  const { writable } = outlet;
  outlet.head(GZIP_HEADERS, undefined);
  if (outlet.headOnly) {
    writable.end();
    return;
  }
  // Every byte that the client takes starts the watchdog anew.
  let watchdog = clock.setTimeout(() => outlet.cut(), stalledMs);
  const progress = () => {
    watchdog.cancel();
    watchdog = clock.setTimeout(() => outlet.cut(), stalledMs);
  };
  writable.on("drain", progress);
  // Level 1 as upstream: most of the saving for a fraction of the time. zlib works off the event loop.
  const gzip = createGzip({ level: 1 });
  try {
    // When the client goes away, the pipeline closes everything.
    const fed = feed({ writable: gzip, cut: outlet.cut }, whole, clock, stalledMs);
    await Promise.all([pipeline(gzip, writable), fed]).catch(() => {});
  } finally {
    watchdog.cancel();
    writable.off("drain", progress);
  }
}

/** Writes everything, as fast as it is taken, until the sink is destroyed. */
async function feed(sink: Sink, whole: Pieces, clock: Clock, stalledMs: number): Promise<void> {
  const { writable } = sink;
  let since = clock.monotonic();
  for (const piece of whole.pieces) {
    if (!write(writable, piece, whole) && !(await drained(sink, clock, stalledMs))) return;
    // A fast client takes everything at once, and the wait for it is none: others must get their turn.
    if (clock.monotonic() - since <= TURN_MS) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (writable.destroyed) return;
    since = clock.monotonic();
  }
  writable.end();
}

/** False when no more may be written before the sink has drained. */
const write = (sink: Writable, piece: Uint8Array, { written }: Pieces): boolean =>
  // What failed may still be somewhere underneath: its memory is left alone.
  sink.write(piece, (error) => {
    if (!error) written(piece);
  });

async function sendStream(outlet: Outlet, { stream }: ResponseStream, clock: Clock, stalledMs: number): Promise<void> {
  const { writable } = outlet;
  outlet.head({}, undefined);
  if (outlet.headOnly) {
    writable.end();
    return;
  }
  outlet.flush();
  let since = clock.monotonic();
  for await (const piece of stream) {
    if (writable.destroyed) return;
    if (!writeAll(writable, piece) && !(await drained(outlet, clock, stalledMs))) return;
    const now = clock.monotonic();
    if (now - since > TURN_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      since = clock.monotonic();
    }
  }
  writable.end();
}

function writeAll(writable: Writable, piece: Uint8Array | readonly Uint8Array[]): boolean {
  if (piece instanceof Uint8Array) return writable.write(piece);
  let room = true;
  writable.cork();
  for (const part of piece) room = writable.write(part);
  writable.uncork();
  return room && !writable.writableNeedDrain;
}

/** Waits until more may be written; false when the client is gone, or is cut because it takes nothing. */
function drained({ writable, cut }: Sink, clock: Clock, stalledMs: number): Promise<boolean> {
  if (writable.destroyed || writable.closed) return Promise.resolve(false);
  if (!writable.writableNeedDrain) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (room: boolean) => {
      watchdog.cancel();
      writable.off("drain", onDrain);
      writable.off("close", onClose);
      resolve(room);
    };
    const onDrain = () => done(true);
    const onClose = () => done(false);
    const watchdog = clock.setTimeout(() => {
      cut();
      done(false);
    }, stalledMs);
    writable.once("drain", onDrain);
    writable.once("close", onClose);
  });
}

function* chain(first: Iterable<Uint8Array>, rest: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield* first;
  yield* rest;
}
