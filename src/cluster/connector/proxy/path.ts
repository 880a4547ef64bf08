/** What stands between a client's path and the one that is asked for behind the proxy. */
export interface ProxiedPath {
  /** To ask for, percent-encoded; empty when nothing followed `proxy`. */
  readonly path: string;
  /** Up to and with `proxy`, decoded: what links that begin with a slash are put behind. */
  readonly prefix: string;
}

/**
 * `path` as sent, `rest` what follows the subresource in it. Encoded slashes come out as slashes and dots are
 * followed, as upstream's path.Join does.
 */
export function proxiedPath(path: string, rest: string): ProxiedPath {
  const whole = decode(path);
  const below = decode(rest);
  const slash = whole.endsWith("/") && !below.endsWith("/") ? "/" : "";
  const asked = below === "" && slash === "" ? "" : clean(`/${below}${slash}`);
  const suffix = whole.endsWith("/") && !asked.endsWith("/") ? `${asked}/` : asked;
  return {
    path: encode(asked),
    prefix: suffix !== "" && whole.endsWith(suffix) ? whole.slice(0, -suffix.length) : whole,
  };
}

/** Joins as Go's path.Join, with the final slash of the second kept. */
export function joinPath(prefix: string, path: string): string {
  return clean(`${prefix}/${path}`);
}

function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const joined = `/${parts.join("/")}`;
  return path.endsWith("/") && joined !== "/" ? `${joined}/` : joined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What Go leaves as it is in a path, besides what encodeURIComponent does. */
const LEFT = /%(24|26|2B|2C|2F|3A|3B|3D|40)/g;

/** As Go's URL.EscapedPath. */
export function encode(path: string): string {
  return encodeURIComponent(path.toWellFormed())
    .replaceAll(LEFT, (text) => decodeURIComponent(text))
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
