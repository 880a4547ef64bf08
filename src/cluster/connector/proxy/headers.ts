import { headerValues, type HttpRequest } from "#http";

/** Of one connection only, not to be passed on (RFC 9110, section 7.6.1; httputil.ReverseProxy). */
const HOP_BY_HOP = [
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
/** What the client sent to the API server alone, such as its credentials. */
const OURS = /^(authorization$|impersonate-|x-remote-)/;
const CORS = /^access-control-allow-(credentials|headers|methods|origin)$/;

export type Headers = Record<string, string | string[]>;

/** What the proxied side is asked with. `uri`: the path that the client asked for, as the proxied side may show it. */
export function requestHeaders(request: Pick<HttpRequest, "headers" | "peer">, uri: string): Headers {
  const { headers, peer } = request;
  const dropped = new Set([...HOP_BY_HOP, ...tokens(headerValues(headers, "connection")), "expect", "http2-settings"]);
  const passed: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":") || dropped.has(name) || OURS.test(name)) continue;
    passed[name] = typeof value === "string" ? value : [...value];
  }
  const authority = headers[":authority"];
  if (typeof authority === "string") passed["host"] = authority;
  const forwardedFor = [...headerValues(headers, "x-forwarded-for"), ...(peer?.address ? [peer.address] : [])];
  if (forwardedFor.length > 0) passed["x-forwarded-for"] = forwardedFor.join(", ");
  passed["x-forwarded-uri"] = uri;
  return passed;
}

/** What the client is told; `raw` is name, value, name, value … as they came. */
export function responseHeaders(raw: readonly string[]): Headers {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i]!.toLowerCase(), raw[i + 1]!]);
  const connection = pairs.filter(([name]) => name === "connection").map(([, value]) => value);
  const dropped = new Set([...HOP_BY_HOP, ...tokens(connection)]);
  const passed: Headers = {};
  for (const [name, value] of pairs) {
    if (dropped.has(name) || CORS.test(name)) continue;
    const known = passed[name];
    passed[name] = known === undefined ? value : [...(typeof known === "string" ? [known] : known), value];
  }
  return passed;
}

const tokens = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => line.split(",").map((token) => token.trim().toLowerCase()));
