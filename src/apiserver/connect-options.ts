import { decodedPath, truthy, type RequestInfo } from "./http/request-info.ts";

/** The options of a connection as an object, in the form in which upstream hands it to admission plugins. */
export interface ConnectOptions {
  readonly apiVersion: "v1";
  readonly kind: string;
  readonly [field: string]: unknown;
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
