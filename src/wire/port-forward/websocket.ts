import { sleep, type Clock } from "#base";
import { ByteQueue } from "../streams/byte-queue.ts";
import type { DuplexBytes } from "../streams/contract.ts";
import type { Channels } from "../websocket/channels.ts";
import { carry } from "./carry.ts";
import type { ForwardTarget } from "./contract.ts";

/** The protocols with numbered channels; true: as text with base64. */
export const CHANNEL_PROTOCOLS: ReadonlyMap<string, boolean> = new Map([
  ["v4.channel.k8s.io", false],
  ["v4.base64.channel.k8s.io", true],
  ["", false],
]);

/**
 * These protocols have no end of a channel: it comes with the connection's. Once a port has said its last, the client
 * has so long to end the connection by itself (as containerd gives it): some do not take well to being told.
 */
const PARTING_MS = 1000;

/** Of the ports in their order: two channels each, data and errors. Resolves once all are at their end. */
export async function serveChannels(
  channels: Channels,
  ports: readonly number[],
  target: ForwardTarget,
  clock: Clock,
): Promise<void> {
  const { signal } = channels;
  const gone = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.all(
    ports.map(async (port, index) => {
      const data = index * 2;
      // Upstream begins every channel with its port, little-endian.
      const greeting = Uint8Array.of(port & 0xff, port >> 8);
      await channels.write(data, greeting);
      await channels.write(data + 1, greeting);
      const fail = (message: string) => channels.write(data + 1, Buffer.from(message));
      const parting = () => sleep(clock, PARTING_MS, signal).catch(() => {});
      await carry({ port, data: duplexOf(channels, data, parting), gone, fail }, target);
    }),
  ).catch(() => {});
  await channels.close();
}

function duplexOf(channels: Channels, channel: number, parting: () => Promise<void>): DuplexBytes {
  const input = channels.input(channel);
  return {
    input,
    write: (bytes) => channels.write(channel, bytes),
    end: async () => {
      await parting();
      if (input instanceof ByteQueue) input.drop();
    },
    close() {
      if (input instanceof ByteQueue) input.drop();
    },
  };
}
