import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { Clock } from "#base";
import type { HttpBody, HttpResponse } from "./contract.ts";

/** One response on its way out, HTTP/1.1 or HTTP/2 alike. */
export interface Outlet {
  /** Takes the body once the head is out. */
  readonly writable: Writable;
  /** Sends status and headers; `length` of the body in bytes when it is known. */
  head(more: Readonly<Record<string, string>>, length: number | undefined): void;
  /** Sends headers that wait for a body at once. */
  flush(): void;
  /** Breaks the response off. */
  cut(): void;
  /** HEAD: headers only. */
  readonly headOnly: boolean;
}

/** How much is joined before it is handed to the socket. */
const PIECE = 64 * 1024;
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
      if (response.gzip && bytes.length > GZIP_THRESHOLD) return sendGzip(outlet, slices(bytes), clock, stalledMs);
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
  const joined = join(pieces);
  const start: Uint8Array[] = [];
  let length = 0;
  while (length <= GZIP_THRESHOLD) {
    const next = joined.next();
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
  const all = chain(start, joined);
  if (response.gzip) return sendGzip(outlet, all, clock, stalledMs);
  outlet.head({}, undefined);
  if (outlet.headOnly) {
    writable.end();
    return;
  }
  let since = clock.monotonic();
  for (const piece of all) {
    if (!writable.write(piece) && !(await drained(outlet, clock, stalledMs))) return;
    // A fast client takes everything at once, and the wait for it is none: others must get their turn.
    if (clock.monotonic() - since <= TURN_MS) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (writable.destroyed) return;
    since = clock.monotonic();
  }
  writable.end();
}

async function sendGzip(outlet: Outlet, pieces: Iterable<Uint8Array>, clock: Clock, stalledMs: number): Promise<void> {
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
  try {
    // Level 1 as upstream: most of the saving for a fraction of the time. zlib works off the event loop.
    await pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 2 }), createGzip({ level: 1 }), writable);
  } catch {
    // The client went away; the pipeline has closed everything.
  } finally {
    watchdog.cancel();
    writable.off("drain", progress);
  }
}

async function sendStream(
  outlet: Outlet,
  { stream }: Extract<HttpBody, { readonly type: "stream" }>,
  clock: Clock,
  stalledMs: number,
): Promise<void> {
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
function drained(outlet: Outlet, clock: Clock, stalledMs: number): Promise<boolean> {
  const { writable } = outlet;
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
      outlet.cut();
      done(false);
    }, stalledMs);
    writable.once("drain", onDrain);
    writable.once("close", onClose);
  });
}

/** Joins small pieces, so that the socket gets few large ones. */
function* join(pieces: Iterable<Uint8Array>): Generator<Uint8Array, undefined> {
  let buffer = new Uint8Array(PIECE);
  let used = 0;
  for (const piece of pieces) {
    if (used + piece.length > PIECE) {
      if (used > 0) {
        yield buffer.subarray(0, used);
        buffer = new Uint8Array(PIECE);
        used = 0;
      }
      if (piece.length >= PIECE) {
        yield piece;
        continue;
      }
    }
    buffer.set(piece, used);
    used += piece.length;
  }
  if (used > 0) yield buffer.subarray(0, used);
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function* chain(first: Iterable<Uint8Array>, rest: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield* first;
  yield* rest;
}
