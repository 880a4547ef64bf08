import type { HTTPHeader } from "#objects";

/** By canonical name; a name may have several values. */
export interface ProbeHeaders {
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** What the Host header says instead of the address. */
  readonly host: string | undefined;
}

/** These come from the message itself (Go's reqWriteExcludeHeader). */
const NOT_SENT = new Set(["Host", "Content-Length", "Transfer-Encoding", "Trailer"]);

/** The headers of a probe or hook: those of its spec, an Accept and a User-Agent. An empty one of these two leaves it out. */
export function probeHeaders(list: readonly HTTPHeader[] | undefined, userAgent: string): ProbeHeaders {
  const values = new Map<string, string[]>();
  for (const { name, value } of list ?? []) {
    const key = canonical(name);
    const known = values.get(key);
    // A Go string goes out as its bytes.
    const bytes = Buffer.from(value, "utf8").toString("latin1");
    if (known) known.push(bytes);
    else values.set(key, [bytes]);
  }
  const host = values.get("Host")?.[0];
  if (!values.has("User-Agent")) values.set("User-Agent", [userAgent]);
  if (!values.has("Accept")) values.set("Accept", ["*/*"]);
  for (const name of ["User-Agent", "Accept"]) if (values.get(name)?.[0] === "") values.delete(name);
  for (const name of NOT_SENT) values.delete(name);
  return { values: Object.fromEntries(values), host: host || undefined };
}

/** `x-my-header` as `X-My-Header` (Go's textproto.CanonicalMIMEHeaderKey). */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
