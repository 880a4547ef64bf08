import { encode, joinPath } from "./path.ts";

/** What is known of a request when what came back for it points somewhere. */
export interface LinkContext {
  /** Of the path that the client sees, up to and with `proxy`; decoded. */
  readonly prefix: string;
  /** Who was asked: `10.0.0.1:80`. */
  readonly destination: string;
  /** The Host header that the client sent. */
  readonly host: string;
}

/** `scheme:`, `//host`, path, `?query` and `#fragment` (RFC 3986, appendix B). */
const PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;

/**
 * Makes a link of the proxied side one that leads through the proxy: those to itself that begin with a slash.
 * Others, and relative ones, stay as they are (apimachinery util/proxy Transport.rewriteURL).
 */
export function rewriteLink(link: string, { prefix, destination, host }: LinkContext): string {
  const match = PARTS.exec(link);
  if (!match) return link;
  const [, , authority = "", path = "", query = "", fragment = ""] = match;
  const elsewhere = authority !== "" && authority !== destination && authority !== host;
  if (elsewhere || !path.startsWith("/")) return link;
  const encoded = encode(prefix);
  const behind = path.startsWith(prefix) || path.startsWith(encoded) ? path : joinPath(encoded, path);
  // Of the Host that the client sent itself, upstream leaves scheme and host.
  const origin =
    authority !== "" && authority === host ? link.slice(0, link.indexOf(authority) + authority.length) : "";
  return `${origin}${behind}${query}${fragment}`;
}
