import { createHash } from "node:crypto";
import type { UpgradedConnection } from "#http";
import { listHeader, UpgradeRefused, type UpgradeRequest } from "../streams/contract.ts";

/** RFC 6455, 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export const isWebSocket = ({ upgrade }: UpgradeRequest): boolean => upgrade?.protocol === "websocket";

/** What the client offers, in its order; `""` when it offers nothing. */
export function offeredProtocols({ headers }: UpgradeRequest): readonly string[] {
  const offered = listHeader(headers, "sec-websocket-protocol");
  return offered.length > 0 ? offered : [""];
}

/**
 * Answers a WebSocket handshake.
 *
 * @throws UpgradeRefused when it is none.
 */
export function acceptWebSocket(request: UpgradeRequest, protocol: string): UpgradedConnection {
  const { upgrade, headers, method } = request;
  const key = headers["sec-websocket-key"];
  if (!upgrade || method !== "GET") throw new UpgradeRefused(400, "not a WebSocket handshake");
  if (headers["sec-websocket-version"] !== "13") {
    throw new UpgradeRefused(400, "missing or bad WebSocket Version", { "sec-websocket-version": "13" });
  }
  if (typeof key !== "string" || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    throw new UpgradeRefused(400, "mismatch challenge/response");
  }
  return upgrade.accept({
    "sec-websocket-accept": createHash("sha1")
      .update(key + GUID)
      .digest("base64"),
    ...(protocol ? { "sec-websocket-protocol": protocol } : {}),
  });
}
