import type { UpgradedConnection } from "#http";
import type { WebSocketConnection } from "./connection.ts";

/** A WebSocket as if it were the connection itself: the bytes of its messages, one after the other. */
export function tunnel(socket: WebSocketConnection): UpgradedConnection {
  return {
    input: socket.messages,
    write: (bytes) => socket.send(bytes),
    close: () => void socket.close(),
    cut: () => socket.cut(),
  };
}
