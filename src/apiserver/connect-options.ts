import { decodedPath, truthy, type RequestInfo } from "./http/request-info.ts";

/** The options of a connection as an object, in the form in which upstream hands it to admission plugins. */
export interface ConnectOptions {
  readonly apiVersion: "v1";
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** How a connection goes on: its parameters, and what follows the subresource in the path, without a leading slash. */
export interface ConnectWay {
  readonly query: URLSearchParams;
  readonly rest: string;
}

type Field = "boolean" | "text" | "texts" | "numbers";

const STREAMS: Readonly<Record<string, Field>> = {
  stdin: "boolean",
  stdout: "boolean",
  stderr: "boolean",
  tty: "boolean",
  container: "text",
};

/** The fields of each kind (core/v1 types, none of which OpenAPI describes). What proxies get is the path alone. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  PodExecOptions: { ...STREAMS, command: "texts" },
  PodAttachOptions: STREAMS,
  PodPortForwardOptions: { ports: "numbers" },
};

/** Makes the options of a kind out of what a request says. */
export function connectOptions(
  kind: string,
  query: URLSearchParams,
  { path, rest }: Pick<RequestInfo, "path" | "rest">,
): ConnectOptions {
  const fields = FIELDS[kind];
  const options: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(fields ?? {})) {
    const values = query.getAll(name);
    if (values.length === 0) continue;
    const value = read(type, values);
    // As Go leaves out what is empty.
    if (value !== false && value !== "") options[name] = value;
  }
  if (!fields) {
    const below = rest ? `/${decodedPath(rest) ?? rest}` : "";
    const whole = path.endsWith("/") && !below.endsWith("/") ? `${below}/` : below;
    if (whole) options["path"] = whole;
  }
  return { apiVersion: "v1", kind, ...options };
}

function read(type: Field, values: readonly string[]): unknown {
  switch (type) {
    case "boolean":
      return truthy(values[0]!);
    case "text":
      return values[0];
    case "texts":
      return values;
    case "numbers":
      return values.flatMap((value) => value.split(",")).map(Number);
  }
}

/** The way that the options say, where they are no longer those that the client asked for. */
export function wayOf(options: ConnectOptions, asked: ConnectOptions, { query, rest }: ConnectWay): ConnectWay {
  const fields = FIELDS[asked.kind];
  if (!fields) {
    const path = options["path"];
    return path === asked["path"] || typeof path !== "string" ? { query, rest } : { query, rest: encodedPath(path) };
  }
  const changed = Object.keys(fields).filter((name) => JSON.stringify(options[name]) !== JSON.stringify(asked[name]));
  if (changed.length === 0) return { query, rest };
  const other = new URLSearchParams(query);
  for (const name of changed) {
    other.delete(name);
    const value = options[name];
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value]) {
      other.append(name, String(one));
    }
  }
  return { query: other, rest };
}

const encodedPath = (path: string) => path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
