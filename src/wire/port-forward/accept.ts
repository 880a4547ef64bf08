import type { Clock } from "#base";
import { acceptSpdy } from "../spdy/handshake.ts";
import { UpgradeRefused, type UpgradeRequest } from "../streams/contract.ts";
import { createChannels } from "../websocket/channels.ts";
import { createWebSocketConnection } from "../websocket/connection.ts";
import { acceptWebSocket, isWebSocket, offeredProtocols } from "../websocket/handshake.ts";
import { tunnel } from "../websocket/tunnel.ts";
import type { ForwardTarget } from "./contract.ts";
import { PORT_FORWARD_PROTOCOL, servePortForward } from "./spdy.ts";
import { CHANNEL_PROTOCOLS, serveChannels } from "./websocket.ts";

const TUNNEL_PREFIX = "SPDY/3.1+";

/** Whether ports come in the streams' headers, and not in the query. */
export const isTunnel = (request: UpgradeRequest): boolean =>
  isWebSocket(request) && offeredProtocols(request).some(isTunnelProtocol);

const isTunnelProtocol = (name: string) => name.startsWith(TUNNEL_PREFIX) && name.endsWith(".k8s.io");

/**
 * Takes up a client that forwards ports: on SPDY, on SPDY within a WebSocket, or on a WebSocket's channels, for
 * which `ports` says what they lead to. Resolves once it is gone.
 *
 * @throws UpgradeRefused when it asks for a protocol that is not spoken here.
 */
export async function acceptPortForward(
  request: UpgradeRequest,
  ports: readonly number[],
  target: ForwardTarget,
  clock: Clock,
): Promise<void> {
  if (!isWebSocket(request)) {
    const { connection } = acceptSpdy(request, [PORT_FORWARD_PROTOCOL]);
    return servePortForward(connection, target, clock);
  }
  const offered = offeredProtocols(request);
  if (isTunnel(request)) {
    const inner = offered.filter(isTunnelProtocol).map((name) => name.slice(TUNNEL_PREFIX.length));
    if (!inner.includes(PORT_FORWARD_PROTOCOL)) {
      throw new UpgradeRefused(
        403,
        `unable to upgrade: unable to negotiate protocol: client supports [${inner.join(" ")}], server accepts [${PORT_FORWARD_PROTOCOL}]`,
        { "x-accepted-stream-protocol-versions": PORT_FORWARD_PROTOCOL },
      );
    }
    const socket = createWebSocketConnection(acceptWebSocket(request, TUNNEL_PREFIX + PORT_FORWARD_PROTOCOL), clock);
    return servePortForward(tunnel(socket), target, clock);
  }
  const name = offered.find((candidate) => CHANNEL_PROTOCOLS.has(candidate));
  if (name === undefined) throw new UpgradeRefused(403, "");
  const socket = createWebSocketConnection(acceptWebSocket(request, name), clock);
  const channels = createChannels(socket, {
    codec: CHANNEL_PROTOCOLS.get(name) === true ? "base64" : "binary",
    closeSignal: false,
    readable: ports.map((_port, index) => index * 2),
  });
  return serveChannels(channels, ports, target, clock);
}
