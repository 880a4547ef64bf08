/*
 * A client may still send when it has its answer. A connection that is closed with unread bytes is reset, and a client
 * that writes before it reads loses the answer with it.
 */
import type { Duplex, Readable } from "node:stream";
import type { Clock } from "#base";
import type { ServerLimits } from "./limits.ts";

export type UnreadLimits = Pick<ServerLimits, "unreadBytes" | "unreadMs">;

/** How long a client may take to read its last answer and to close its side, in milliseconds. */
const LINGER_MS = 1_000;

/** Throws away what comes, and calls `done` once: at the end, or at a limit. Not if the source closes before. */
export function discard(
  source: Readable,
  { unreadBytes, unreadMs }: UnreadLimits,
  clock: Clock,
  done: (complete: boolean) => void,
): void {
  let left = unreadBytes;
  const stop = () => {
    timer.cancel();
    source.off("data", onData);
    source.off("end", onEnd);
    source.off("close", stop);
  };
  const finish = (complete: boolean) => {
    stop();
    done(complete);
  };
  const onData = (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) finish(false);
  };
  const onEnd = () => finish(true);
  const timer = clock.setTimeout(() => finish(false), unreadMs);
  source.on("end", onEnd);
  source.on("close", stop);
  source.on("data", onData);
  source.resume();
}

/** Ends our side of a connection, and cuts it if the client does not end its own soon. */
export function hangUp(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return;
  const timer = clock.setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => timer.cancel());
  socket.end();
  socket.resume();
}
