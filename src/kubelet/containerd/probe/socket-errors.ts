import { getSystemErrorMessage } from "node:util";

/** The errors of Node's sockets in the words of Go's, which are what a pod's Events say. */

/** Where the words of libuv are others. */
const GO_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  EADDRNOTAVAIL: "cannot assign requested address",
  EPIPE: "broken pipe",
  ECONNABORTED: "software caused connection abort",
};

/** What Node says of what went wrong, as far as it does. */
export interface SocketFailure {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly syscall?: string | undefined;
  readonly hostname?: string | undefined;
  readonly message: string;
}

/** The failure behind an error; of several attempts (one per address) the first. */
export function socketFailure(error: unknown): SocketFailure {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return { message: String(first) };
  return { ...(first as Partial<SocketFailure>), message: first.message };
}

function words({ code, errno, message }: SocketFailure): string {
  const known = code === undefined ? undefined : GO_WORDS[code];
  if (known !== undefined) return known;
  return errno !== undefined && errno < 0 ? getSystemErrorMessage(errno) : message;
}

/** Why no connection came about, or undefined when that is not what failed. */
export function dialText(failure: SocketFailure, address: string): string | undefined {
  if (failure.syscall === "getaddrinfo") {
    const why = failure.code === "ENOTFOUND" ? "no such host" : "server misbehaving";
    return `dial tcp: lookup ${failure.hostname ?? address}: ${why}`;
  }
  return failure.syscall === "connect" ? `dial tcp ${address}: connect: ${words(failure)}` : undefined;
}

export const dialTimeoutText = (address: string): string => `dial tcp ${address}: i/o timeout`;

/** Why a connection broke. `route`: `10.0.0.2:51000->10.0.0.1:80`. */
export function brokenText(failure: SocketFailure, route: string): string {
  const { syscall } = failure;
  return syscall === "read" || syscall === "write" ? `${syscall} tcp ${route}: ${syscall}: ${words(failure)}` : "EOF";
}
