import { createSocket } from "node:dgram";
import { createConnection } from "node:net";
import { decode, encode, type Answer, type DecodedPacket, type Packet, type Question } from "dns-packet";
import { createFrames, frame } from "../message/frames.ts";

/** The bytes of a query; `size`: with EDNS, and that UDP size. */
export function queryBytes(name: string, type: Question["type"], { id = 7, size = 0 } = {}): Buffer {
  const opt: Answer = {
    type: "OPT",
    name: ".",
    udpPayloadSize: size,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const packet: Packet = { type: "query", id, flags: 0x100, questions: [{ name, type, class: "IN" }] };
  return encode(size > 0 ? { ...packet, additionals: [opt] } : packet);
}

/** Sends bytes to a server on the loopback over UDP, and resolves with the first that comes back. */
export function askUdp(port: number, query: Buffer): Promise<Buffer> {
  const socket = createSocket("udp4");
  return new Promise<Buffer>((resolve, reject) => {
    socket.once("message", resolve);
    socket.once("error", reject);
    socket.send(query, port, "127.0.0.1");
  }).finally(() => socket.close());
}

/** Sends all on one connection to the loopback at once, and resolves with as many messages as it sent. */
export function askTcp(port: number, queries: readonly Buffer[]): Promise<Buffer[]> {
  const socket = createConnection({ host: "127.0.0.1", port, allowHalfOpen: true });
  const frames = createFrames();
  const found: Buffer[] = [];
  return new Promise<Buffer[]>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`closed after ${found.length} answers`)));
    socket.on("data", (chunk) => {
      frames.push(chunk);
      for (let message = frames.next(); message; message = frames.next()) found.push(Buffer.from(message));
      if (found.length >= queries.length) resolve(found);
    });
    socket.end(Buffer.concat(queries.map(frame)));
  }).finally(() => socket.destroy());
}

/** The response code of a message, which the types of dns-packet leave out. */
export const codeOf = (message: Buffer): number => message.readUInt16BE(2) & 15;

export const read = (message: Buffer): DecodedPacket => decode(message);
