import type { Clock } from "#base";
import type { ResponseStream } from "#http";
import { UpgradeRefused, type UpgradeRequest } from "../streams/contract.ts";
import { createWebSocketConnection, type WebSocketConnection } from "../websocket/connection.ts";
import { acceptWebSocket, offeredProtocols } from "../websocket/handshake.ts";

type Send = (socket: WebSocketConnection, piece: Uint8Array) => Promise<void>;

const asText: Send = (socket, piece) => socket.send(piece, "text");
const asBytes: Send = (socket, piece) => socket.send(piece);
const asBase64: Send = (socket, piece) => socket.send(Buffer.from(Buffer.from(piece).toString("base64")), "text");

/** How bytes are read that follow one another (apiserver wsstream NewDefaultReaderProtocols). */
const OF_BYTES: ReadonlyMap<string, Send> = new Map([
  ["", asBytes],
  ["binary.k8s.io", asBytes],
  ["base64.binary.k8s.io", asBase64],
]);

/**
 * Sends a stream as messages of a WebSocket, until it ends or the client has gone; the stream is to end when `gone`
 * has been called.
 *
 * @throws UpgradeRefused when the client asks for something else.
 */
export async function sendMessages(
  request: UpgradeRequest,
  { stream, messages }: ResponseStream,
  clock: Clock,
  gone: () => void,
): Promise<void> {
  const offered = offeredProtocols(request);
  // Events come in whatever the client calls its protocol.
  const name = messages === "text" ? offered[0]! : offered.find((one) => OF_BYTES.has(one));
  if (name === undefined) throw new UpgradeRefused(403, "");
  const send = messages === "text" ? asText : OF_BYTES.get(name)!;
  const socket = createWebSocketConnection(acceptWebSocket(request, name), clock);
  const heard = listen(socket).finally(gone);
  try {
    // Tells the client that the stream has begun.
    if (messages === "binary") await send(socket, new Uint8Array(0));
    for await (const piece of stream) {
      for (const one of piece instanceof Uint8Array ? [piece] : piece) await send(socket, one);
    }
  } catch {
    // The client went away.
  }
  await socket.close();
  await heard;
}

/** What a client says has no meaning here, but for its goodbye. */
async function listen({ messages }: WebSocketConnection): Promise<void> {
  for await (const _ of messages);
}
