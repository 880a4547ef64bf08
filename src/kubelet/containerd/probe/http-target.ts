import type { AnyContainer } from "#kubelet";
import type { HTTPGetAction } from "#objects";
import { joinHostPort, resolvePort } from "./address.ts";

/** Where a request goes. */
export interface HttpTarget {
  readonly scheme: "http" | "https";
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query, escaped: the request line's. */
  readonly path: string;
  /** As messages show it. */
  readonly text: string;
}

/**
 * The address that an httpGet action means; without a host of its own, the pod's.
 *
 * @throws Error with upstream's text when its port is none.
 */
export function targetOf(action: HTTPGetAction, container: AnyContainer | undefined, podIp: string): HttpTarget {
  const scheme = action.scheme?.toLowerCase() === "https" ? "https" : "http";
  const host = action.host || podIp;
  const port = resolvePort(action.port, container);
  const { path, fragment } = requestPath(action.path ?? "");
  return {
    scheme,
    host,
    port,
    path: path.startsWith("/") ? path : `/${path}`,
    text: `${scheme}://${joinHostPort(host, port)}${path === "" || path.startsWith("/") || path.startsWith("?") ? "" : "/"}${path}${fragment}`,
  };
}

/** The target of a redirect; undefined when it is no address of HTTP. */
export function redirected(from: HttpTarget, location: string): HttpTarget | undefined {
  const base = `${from.scheme}://${joinHostPort(from.host, from.port)}${from.path}`;
  const url = URL.parse(location, base);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  const scheme = url.protocol === "https:" ? "https" : "http";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  return { scheme, host, port, path: `${url.pathname}${url.search}`, text: url.href };
}

/** What Go's url.Parse refuses: a whole that is then taken for a path, question mark and all. */
const UNPARSABLE = /\p{Cc}|%(?![0-9a-f]{2})|^[^/?#]*:/iu;
const WELL_ESCAPED = /^(?:[\w\-.~!$&'()*+,;=:@[\]/]|%[0-9a-f]{2})*$/i;

/** The path of a spec as Go's net/url writes it: escaped where it needs to be, its query as it is. */
function requestPath(text: string): { readonly path: string; readonly fragment: string } {
  // An absolute address gives its path; scheme and host are the action's.
  const relative = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*(.*)$/is.exec(text)?.[1] ?? text;
  if (UNPARSABLE.test(relative)) return { path: escapePath(relative), fragment: "" };
  const [, path = "", query = "", fragment = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(relative) ?? [];
  const escaped = WELL_ESCAPED.test(path) ? path : escapePath(decodeURIComponent(path));
  // Where Go sends what may not be in a request line, this escapes it.
  return { path: escaped + query.replace(/[^\x21-\x7e]+/g, encodeURIComponent), fragment };
}

function escapePath(path: string): string {
  return encodeURIComponent(path).replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)|[!'()*]/g, (match) =>
    match.length === 3 ? decodeURIComponent(match) : `%${match.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
