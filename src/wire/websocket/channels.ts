import { ByteQueue } from "../streams/byte-queue.ts";
import type { WebSocketConnection } from "./connection.ts";

/** Bytes of one channel that wait to be read before the client is held up. */
const CHANNEL_LIMIT = 256 * 1024;
/** In the place of a channel's number: the channel named by the next byte is at its end. */
const CLOSE_SIGNAL = 255;
const ZERO = 0x30;

export interface ChannelOptions {
  /** `base64`: text messages, the channel as a digit and the bytes as base64. */
  readonly codec: "binary" | "base64";
  /** The client can end a channel (`v5.channel.k8s.io`). */
  readonly closeSignal: boolean;
  /** The channels that the client may write to; what it sends on others is dropped. */
  readonly readable: readonly number[];
}

/** Numbered streams in one WebSocket: the number is the first byte of every message. */
export interface Channels {
  /** What the client sends on a channel that is readable. */
  input(channel: number): AsyncIterable<Uint8Array>;
  write(channel: number, bytes: Uint8Array): Promise<void>;
  /** Tells the client that it is over. */
  close(): Promise<void>;
  /** Aborts once the client is gone or the connection was closed. */
  readonly signal: AbortSignal;
}

export function createChannels(socket: WebSocketConnection, options: ChannelOptions): Channels {
  const { codec, closeSignal, readable } = options;
  const queues = new Map(readable.map((channel) => [channel, new ByteQueue(CHANNEL_LIMIT)]));
  const controller = new AbortController();
  const none = new ByteQueue(0);
  none.end();

  /** Reads what came; false when the client does not keep to the protocol. */
  const take = async (message: Uint8Array): Promise<boolean> => {
    const [first, second] = message;
    if (first === undefined) return true;
    if (closeSignal && first === CLOSE_SIGNAL) {
      if (message.length !== 2) return false;
      queues.get(second!)?.end();
      return true;
    }
    const payload = message.subarray(1);
    const queue = queues.get(codec === "base64" ? first - ZERO : first);
    await queue?.push(codec === "base64" ? fromBase64(payload) : payload);
    return true;
  };
  const read = async () => {
    try {
      for await (const message of socket.messages) {
        if (controller.signal.aborted || (await take(message))) continue;
        await socket.close(1002);
      }
    } finally {
      for (const queue of queues.values()) queue.end();
      controller.abort();
    }
  };
  void read().catch(() => socket.cut());

  return {
    input: (channel) => queues.get(channel) ?? none,
    write(channel, bytes) {
      if (codec === "binary") return socket.send(joined(channel, bytes));
      return socket.send(Buffer.from(`${channel}${Buffer.from(bytes).toString("base64")}`), "text");
    },
    async close() {
      // Nothing is read any more but the answer to the close.
      for (const queue of queues.values()) queue.drop();
      await socket.close();
      controller.abort();
    },
    signal: controller.signal,
  };
}

const fromBase64 = (text: Uint8Array) => Buffer.from(Buffer.from(text).toString("latin1"), "base64");

function joined(channel: number, bytes: Uint8Array): Uint8Array {
  const message = Buffer.allocUnsafe(bytes.length + 1);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}
