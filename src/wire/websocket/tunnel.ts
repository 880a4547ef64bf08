import type { RawConnection } from "../streams/contract.ts";
import type { WebSocketConnection } from "./connection.ts";

/** A WebSocket as if it were the connection itself: the bytes of its messages, one after the other. */
export function tunnel(socket: WebSocketConnection): RawConnection {
  return {
    input: socket.messages,
    write: (bytes) => socket.send(bytes),
    close: () => void socket.close(),
    cut: () => socket.cut(),
  };
}
