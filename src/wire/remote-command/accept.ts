import type { Clock } from "#base";
import type { UpgradeRequest } from "../streams/contract.ts";
import { isWebSocket } from "../websocket/handshake.ts";
import type { RemoteCommand, WantedStreams } from "./contract.ts";
import { acceptOverSpdy } from "./spdy.ts";
import { acceptOverWebSocket } from "./websocket.ts";

/**
 * Takes up a client that wants the streams of a process (`exec`, `attach`).
 *
 * @throws UpgradeRefused when it asks for a protocol that is not spoken here
 * @throws StreamGone when it is gone before it has opened its streams
 */
export function acceptRemoteCommand(
  request: UpgradeRequest,
  wanted: WantedStreams,
  clock: Clock,
): Promise<RemoteCommand> {
  return isWebSocket(request) ? acceptOverWebSocket(request, wanted, clock) : acceptOverSpdy(request, wanted, clock);
}
