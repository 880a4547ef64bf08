import type { Clock } from "#base";
import { StreamGone, type UpgradeRequest } from "../streams/contract.ts";
import { acceptSpdy } from "../spdy/handshake.ts";
import { createSpdySession } from "../spdy/session.ts";
import type { SpdyStream } from "../spdy/stream.ts";
import type { RemoteCommand, WantedStreams } from "./contract.ts";
import { terminalSizes } from "./sizes.ts";
import { statusText } from "./status.ts";

/** Newest first. */
export const SPDY_PROTOCOLS = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

/** The first version that has a stream for the size of the terminal. */
const RESIZES_SINCE = 3;
/** How long the client may take to open its streams. */
const STREAMS_MS = 30_000;

type Kind = "error" | "stdin" | "stdout" | "stderr" | "resize";

export const versionOf = (protocol: string): number => Number(/^v(\d)\./.exec(protocol)?.[1] ?? 1);

/**
 * @throws UpgradeRefused before the upgrade
 * @throws StreamGone when the client does not open its streams
 */
export async function acceptOverSpdy(
  request: UpgradeRequest,
  wanted: WantedStreams,
  clock: Clock,
): Promise<RemoteCommand> {
  const { protocol, connection } = acceptSpdy(request, SPDY_PROTOCOLS);
  const version = versionOf(protocol);
  const awaited = new Set<Kind>(["error"]);
  if (wanted.stdin) awaited.add("stdin");
  if (wanted.stdout) awaited.add("stdout");
  if (wanted.stderr) awaited.add("stderr");
  if (wanted.tty && version >= RESIZES_SINCE) awaited.add("resize");
  const streams = new Map<Kind, SpdyStream>();
  const complete = Promise.withResolvers<void>();
  const session = createSpdySession(connection, {
    role: "server",
    clock,
    accepts: (headers) => isAwaited(headers.get("streamtype"), awaited),
    onStream(stream) {
      const kind = stream.headers.get("streamtype");
      if (!isAwaited(kind, awaited)) return;
      awaited.delete(kind);
      streams.set(kind, stream);
      if (awaited.size === 0) complete.resolve();
    },
  });
  const gone = () => complete.reject(new StreamGone("the client has gone"));
  session.signal.addEventListener("abort", gone, { once: true });
  const timer = clock.setTimeout(() => session.cut(), STREAMS_MS);
  try {
    await complete.promise;
  } finally {
    timer.cancel();
    session.signal.removeEventListener("abort", gone);
  }
  const write = async (kind: Kind, bytes: Uint8Array) => streams.get(kind)?.write(bytes);
  return {
    version,
    stdin: streams.get("stdin")?.input ?? nothing(),
    sizes: terminalSizes(streams.get("resize")?.input ?? nothing()),
    writeStdout: (bytes) => write("stdout", bytes),
    writeStderr: (bytes) => write("stderr", bytes),
    async finish(status) {
      const text = statusText(status, version);
      try {
        if (text) await write("error", Buffer.from(text));
        for (const kind of ["stdout", "stderr", "error"] as const) await streams.get(kind)?.end();
      } catch {
        // The client is gone and cannot be told.
      }
      await session.close();
    },
    signal: session.signal,
  };
}

const isAwaited = (kind: string | undefined, awaited: ReadonlySet<string>): kind is Kind =>
  kind !== undefined && awaited.has(kind);

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
