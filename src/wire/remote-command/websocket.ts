import type { Clock } from "#base";
import { UpgradeRefused, type UpgradeRequest } from "../streams/contract.ts";
import { createChannels, type ChannelOptions } from "../websocket/channels.ts";
import { createWebSocketConnection } from "../websocket/connection.ts";
import { acceptWebSocket, offeredProtocols } from "../websocket/handshake.ts";
import type { RemoteCommand, WantedStreams } from "./contract.ts";
import { terminalSizes } from "./sizes.ts";
import { statusText } from "./status.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;

type Protocol = Omit<ChannelOptions, "readable"> & { readonly version: number };

const binary = (version: number): Protocol => ({ codec: "binary", closeSignal: version >= 5, version });
const base64 = (version: number): Protocol => ({ codec: "base64", closeSignal: false, version });

/** As upstream serves them: v5 by the translator, the others by the streaming server of cri-streaming. */
const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ["v5.channel.k8s.io", binary(5)],
  ["v4.channel.k8s.io", binary(4)],
  ["v4.base64.channel.k8s.io", base64(4)],
  ["channel.k8s.io", binary(1)],
  ["base64.channel.k8s.io", base64(1)],
  ["", binary(1)],
]);
const NEWEST = "v5.channel.k8s.io";

/** @throws UpgradeRefused when the client speaks nothing that is known here. */
export async function acceptOverWebSocket(
  request: UpgradeRequest,
  wanted: WantedStreams,
  clock: Clock,
): Promise<RemoteCommand> {
  const offered = offeredProtocols(request);
  const name = offered.includes(NEWEST) ? NEWEST : offered.find((candidate) => PROTOCOLS.has(candidate));
  const protocol = name === undefined ? undefined : PROTOCOLS.get(name);
  if (name === undefined || !protocol) throw new UpgradeRefused(403, "");
  const socket = createWebSocketConnection(acceptWebSocket(request, name), clock);
  const channels = createChannels(socket, { ...protocol, readable: wanted.stdin ? [STDIN, RESIZE] : [RESIZE] });
  // Tells the client that the connection stands.
  const lowest = wanted.stdout ? STDOUT : wanted.stderr ? STDERR : ERROR;
  await channels.write(lowest, new Uint8Array(0)).catch(() => {});
  return {
    version: protocol.version,
    stdin: channels.input(STDIN),
    sizes: terminalSizes(channels.input(RESIZE)),
    writeStdout: (bytes) => (wanted.stdout ? channels.write(STDOUT, bytes) : Promise.resolve()),
    writeStderr: (bytes) => (wanted.stderr ? channels.write(STDERR, bytes) : Promise.resolve()),
    async finish(status) {
      const text = statusText(status, protocol.version);
      if (text) await channels.write(ERROR, Buffer.from(text)).catch(() => {});
      await channels.close();
    },
    signal: channels.signal,
  };
}
