import type { UpgradedConnection } from "#http";
import { listHeader, UpgradeRefused, type UpgradeRequest } from "../streams/contract.ts";

const PROTOCOL_VERSION = "x-stream-protocol-version";

/** What is spoken over the session: the first that the client offers and that is known here. */
export interface Negotiated {
  readonly protocol: string;
  readonly connection: UpgradedConnection;
}

/**
 * Answers an upgrade to SPDY/3.1.
 *
 * @throws UpgradeRefused with upstream's words (httpstream Handshake and the SPDY upgrader).
 */
export function acceptSpdy(request: UpgradeRequest, supported: readonly string[]): Negotiated {
  const protocol = negotiate(request, supported);
  const { upgrade } = request;
  if (upgrade?.protocol !== "spdy/3.1") {
    throw new UpgradeRefused(400, "unable to upgrade: missing upgrade headers in request");
  }
  return { protocol, connection: upgrade.accept({ [PROTOCOL_VERSION]: protocol }) };
}

function negotiate({ headers }: UpgradeRequest, supported: readonly string[]): string {
  if (headers[PROTOCOL_VERSION] === undefined) {
    const count = Object.keys(headers).length;
    throw new UpgradeRefused(
      400,
      `unable to upgrade: header X-Stream-Protocol-Version does not exist in request with ${count} headers`,
    );
  }
  const offered = listHeader(headers, PROTOCOL_VERSION);
  const found = offered.find((name) => supported.includes(name));
  if (found !== undefined) return found;
  throw new UpgradeRefused(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${supported.join(" ")}]`,
    { "x-accepted-stream-protocol-versions": supported },
  );
}
