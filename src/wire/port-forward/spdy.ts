import type { Clock, Timer } from "#base";
import type { UpgradedConnection } from "#http";
import type { SpdyHeaders } from "../spdy/headers.ts";
import { createSpdySession, type SpdySession } from "../spdy/session.ts";
import type { SpdyStream } from "../spdy/stream.ts";
import { carry } from "./carry.ts";
import type { ForwardTarget } from "./contract.ts";

export const PORT_FORWARD_PROTOCOL = "portforward.k8s.io";

/** How long the second stream of a pair may take. */
const PAIR_MS = 30_000;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly timer: Timer;
}

/**
 * Serves forwarded connections on a SPDY session: a stream for the data and one for errors each, told apart by a
 * request id. Resolves once the client is gone.
 */
export async function servePortForward(
  connection: UpgradedConnection,
  target: ForwardTarget,
  clock: Clock,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const session: SpdySession = createSpdySession(connection, {
    role: "server",
    clock,
    accepts: (headers) => portOf(headers) !== undefined && kindOf(headers) !== undefined,
    onStream(stream) {
      const kind = kindOf(stream.headers);
      if (!kind) return;
      const id = requestId(stream, kind);
      const pair = pairs.get(id) ?? newPair(id);
      if (pair[kind]) {
        const text = `error processing stream for request ${id}: ${kind} stream already assigned`;
        void sendError(pair.error, text).finally(() => stream.close());
        return;
      }
      pair[kind] = stream;
      const { data, error } = pair;
      if (!data || !error) return;
      pair.timer.cancel();
      pairs.delete(id);
      void forward(data, error, target);
    },
  });
  const newPair = (id: string): Pair => {
    const timer = clock.setTimeout(() => {
      const { data, error } = pairs.get(id) ?? {};
      pairs.delete(id);
      void sendError(error, `(request=${id}) timed out waiting for streams`).finally(() => {
        data?.close();
        error?.close();
      });
    }, PAIR_MS);
    const pair: Pair = { timer };
    pairs.set(id, pair);
    return pair;
  };
  if (!session.signal.aborted) {
    await new Promise((resolve) => session.signal.addEventListener("abort", resolve, { once: true }));
  }
  for (const { timer } of pairs.values()) timer.cancel();
}

async function forward(data: SpdyStream, error: SpdyStream, target: ForwardTarget): Promise<void> {
  // Clients end their side at once and say nothing on it.
  error.input.drop();
  const port = portOf(data.headers)!;
  const well = await carry({ port, data, gone: data.gone, fail: (message) => sendError(error, message) }, target);
  await error.end().catch(() => {});
  // A connection that failed is reset, so that the client does not take it for one that ended well.
  if (!well) data.close();
}

async function sendError(error: SpdyStream | undefined, message: string): Promise<void> {
  try {
    await error?.write(Buffer.from(message));
  } catch {
    // The client is gone and cannot be told.
  }
}

function portOf(headers: SpdyHeaders): number | undefined {
  const text = headers.get("port") ?? "";
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port > 0 && port < 65_536 ? port : undefined;
}

function kindOf(headers: SpdyHeaders): "data" | "error" | undefined {
  const kind = headers.get("streamtype");
  return kind === "data" || kind === "error" ? kind : undefined;
}

/** Clients older than request ids open the error stream and right after it the data stream. */
function requestId({ id, headers }: SpdyStream, kind: "data" | "error"): string {
  return headers.get("requestid") || String(kind === "error" ? id : id - 2);
}
