import { TLSSocket } from "node:tls";
import type { Peer } from "#http";

const peers = new WeakMap<object, Peer>();

/** What is known of the other side of a socket: one object for all its requests. */
export function peerOf(socket: { readonly remoteAddress?: string | undefined }): Peer {
  let peer = peers.get(socket);
  if (!peer) {
    const { remoteAddress } = socket;
    peer = { ...certificateOf(socket), ...(remoteAddress ? { address: remoteAddress } : {}) };
    peers.set(socket, peer);
  }
  return peer;
}

function certificateOf(socket: object): Peer {
  if (!(socket instanceof TLSSocket)) return {};
  const certificate = socket.getPeerCertificate();
  // Node answers an empty object when the client sent none.
  if (!certificate || Object.keys(certificate).length === 0) return {};
  if (!socket.authorized) return { refused: String(socket.authorizationError ?? "not verified") };
  const subject = certificate.subject as unknown as Readonly<Record<string, string | string[] | undefined>> | undefined;
  return {
    certificate: {
      commonName: listOf(subject?.["CN"])[0] ?? "",
      organizations: listOf(subject?.["O"]),
      sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    },
  };
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;
