import { forbidden, invalid, invalidObject, notSupported, parseTime, type FieldError } from "#objects";

/** What a request for a log asks for: PodLogOptions. */
export interface PodLogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly stream?: "stdout" | "stderr";
}

const KIND = "PodLogOptions";

/**
 * Reads the query of a request for a log.
 *
 * @throws StatusError Invalid, as upstream's ValidatePodLogOptions words it.
 */
export function parseLogOptions(query: URLSearchParams, pod: string, now: number): PodLogOptions {
  const errors: FieldError[] = [];
  const whole = (name: string, least: number, problem: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= least) return value;
    errors.push(invalid(name, /^[+-]?\d+$/.test(text) ? value : text, problem));
    return undefined;
  };
  const tailLines = whole("tailLines", 0, "must be greater than or equal to 0");
  const limitBytes = whole("limitBytes", 1, "must be greater than 0");
  const sinceSeconds = whole("sinceSeconds", 1, "must be greater than 0");
  const sinceTime = query.get("sinceTime") || undefined;
  const sinceMs = sinceTime === undefined ? undefined : parseTime(sinceTime);
  if (sinceTime !== undefined && sinceMs === undefined)
    errors.push(invalid("sinceTime", sinceTime, "must be a time in RFC 3339 format"));
  if (query.has("sinceSeconds") && sinceTime !== undefined) {
    errors.push(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  const stream = streamOf(query, errors);
  if (errors.length > 0) throw invalidObject("", KIND, pod, errors);
  const since = sinceMs ?? (sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000);
  return {
    container: query.get("container") ?? "",
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === undefined ? {} : { stream }),
  };
}

/** As apimachinery reads booleans in a query: a name without a value is true. */
const isTrue = (text: string | null) => text !== null && !["false", "0"].includes(text.toLowerCase());

function streamOf(query: URLSearchParams, errors: FieldError[]): "stdout" | "stderr" | undefined {
  const stream = query.get("stream") || "All";
  switch (stream) {
    case "All":
      return undefined;
    case "Stdout":
    case "Stderr":
      if (query.has("tailLines")) {
        errors.push(forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"));
      }
      return stream === "Stdout" ? "stdout" : "stderr";
    default:
      errors.push(notSupported("stream", stream, ["All", "Stdout", "Stderr"]));
      return undefined;
  }
}
