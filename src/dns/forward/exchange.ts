import { createSocket } from "node:dgram";
import { createConnection, isIPv6 } from "node:net";
import type { Clock } from "#base";
import { createFrames, frame } from "../message/frames.ts";
import type { Upstream } from "./upstream.ts";

/** Sends a query and resolves with the response that `accept` takes; undefined when none comes in time or at all. */
export type Exchange = (
  upstream: Upstream,
  query: Buffer,
  accept: (response: Buffer) => boolean,
  signal: AbortSignal,
) => Promise<Buffer | undefined>;

/** How long one server is waited for. */
const TIMEOUT_MS = 2000;

/** Calls `begin` with how to end it all; whatever happens first ends it, and `stop` is called then. */
function once(
  clock: Clock,
  signal: AbortSignal,
  begin: (finish: (response?: Buffer) => void) => () => void,
): Promise<Buffer | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let over = false;
    const finish = (response?: Buffer) => {
      if (over) return;
      over = true;
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      stop();
      resolve(response);
    };
    const onAbort = () => finish();
    const timer = clock.setTimeout(onAbort, TIMEOUT_MS);
    signal.addEventListener("abort", onAbort, { once: true });
    const stop = begin(finish);
  });
}

/** Over UDP, from a port of its own each time, so that guessing what to forge is hard. */
export const overUdp =
  (clock: Clock): Exchange =>
  (upstream, query, accept, signal) =>
    once(clock, signal, (finish) => {
      const socket = createSocket(isIPv6(bareAddress(upstream)) ? "udp6" : "udp4");
      let open = true;
      socket.on("error", () => finish());
      socket.on("message", (message) => {
        if (accept(message)) finish(message);
      });
      // Connected: datagrams from others do not come in, and a closed port is known at once. A callback of connect()
      // would be called without a route too; the event comes only when it is done.
      socket.on("connect", () => {
        if (open) socket.send(query, () => {});
      });
      socket.connect(upstream.port, upstream.address);
      return () => {
        open = false;
        socket.close();
      };
    });

/** Over TCP, one connection for one query. */
export const overTcp =
  (clock: Clock): Exchange =>
  (upstream, query, accept, signal) =>
    once(clock, signal, (finish) => {
      const socket = createConnection({ host: upstream.address, port: upstream.port });
      const frames = createFrames();
      socket.on("connect", () => socket.write(frame(query)));
      socket.on("data", (chunk) => {
        frames.push(chunk);
        const message = frames.next();
        if (message) finish(accept(message) ? message : undefined);
      });
      socket.on("error", () => finish());
      socket.on("close", () => finish());
      return () => socket.destroy();
    });

const bareAddress = ({ address }: Upstream) => address.split("%", 1)[0] ?? address;
