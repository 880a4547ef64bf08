import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Destination } from "./destination.ts";

/** Opens a connection to an address of a pod or node. */
export type Reach = (host: string, port: number) => Socket;

/** Over the machine's own network, where the pods of its node are. */
export const reachDirectly: Reach = (host, port) => connectTcp({ host, port });

/** A port that is no number and none of these cannot be looked up. */
const KNOWN_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** The port to connect to; undefined when there is none of this name. */
export function portOf({ port, secure }: Destination): number | undefined {
  if (port === "") return secure ? 443 : 80;
  const number = KNOWN_PORTS[port] ?? (/^\d+$/.test(port) ? Number(port) : Number.NaN);
  return number >= 0 && number <= 65_535 ? number : undefined;
}

/** `10.0.0.1:80` and `[fd00::1]:80`, as Go's net.JoinHostPort. */
export const hostPort = ({ host, port }: Pick<Destination, "host" | "port">): string => {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return port === "" ? bracketed : `${bracketed}:${port}`;
};

/** A connection for requests. Certificates of pods are not checked: no authority signs them (as upstream). */
export function connectTo(destination: Destination, port: number, reach: Reach): Socket {
  const socket = reach(destination.host, port);
  return destination.secure ? connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }) : socket;
}

/** Node's names of what went wrong, in the words of Go. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  EHOSTDOWN: "connect: host is down",
  EACCES: "connect: permission denied",
  ETIMEDOUT: "connect: connection timed out",
  EADDRNOTAVAIL: "connect: cannot assign requested address",
};

export class DialTimeout extends Error {}

/** Why nothing came back, as upstream's transport words it. */
export function failureText(error: unknown, destination: Destination, port: number | undefined): string {
  if (port === undefined) return `dial tcp: lookup tcp/${destination.port}: unknown port`;
  const address = hostPort({ host: destination.host, port: String(port) });
  if (error instanceof DialTimeout) return `dial tcp ${address}: i/o timeout`;
  const { code = "", message = "" } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const words = WORDS[code];
  if (words !== undefined) return `dial tcp ${address}: ${words}`;
  if (code === "ECONNRESET") return message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return "tls: first record does not look like a TLS handshake";
  }
  if (code.startsWith("HPE_")) return "net/http: HTTP/1.x transport connection broken: malformed HTTP response";
  return message;
}
