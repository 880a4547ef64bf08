import type { Duplex } from "node:stream";
import { Readable } from "node:stream";
import type { Socket } from "node:net";
import { peerOf } from "./peer.ts";
import { pathOf, WireRequest } from "./request.ts";

/** A request line and headers, whole. Methods and names of headers are tokens (RFC 9110). */
const HEAD = /^([!#$%&'*+.^_`|~\w-]+) (\S+) HTTP\/1\.[01]\r\n((?:[!#$%&'*+.^_`|~\w-]+:[^\0\r\n]*\r\n)*)\r\n/;

/**
 * A request of a method that Node's parser does not know, and so gives up: whether the method is allowed is the
 * handler's to say. It has no body. Undefined for any other error, and for what is no request of HTTP/1.
 */
export function requestOfUnknownMethod(
  error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer },
  socket: Duplex,
): WireRequest | undefined {
  if (error.code !== "HPE_INVALID_METHOD" || !error.rawPacket) return undefined;
  const match = HEAD.exec(error.rawPacket.toString("latin1"));
  if (!match) return undefined;
  const [, method = "", url = "", lines = ""] = match;
  const headers: Record<string, string> = {};
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  // What a body would be measured by: there is none.
  delete headers["content-length"];
  delete headers["transfer-encoding"];
  return new WireRequest(
    method,
    pathOf({ url }),
    headers,
    Readable.from([]),
    peerOf(socket as Socket),
    () => socket.destroyed,
  );
}
