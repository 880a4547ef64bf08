import { StatusError, type Status } from "#objects";

/** The reasons of answers that carry no Status: a proxy's, a load balancer's (apimachinery NewGenericServerResponse). */
const GENERIC: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  403: ["Forbidden", "unknown"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  406: ["NotAcceptable", "the server was unable to respond with a content type that the client supports"],
  409: ["Conflict", "the server reported a conflict"],
  410: ["Gone", "the server could not find the requested resource"],
  413: ["RequestEntityTooLarge", "the request entity is too large"],
  415: ["UnsupportedMediaType", "the body of the request was in an unknown format"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  500: ["InternalError", "an error on the server has prevented the request from succeeding"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: [
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request",
  ],
};

/** The error that an answer of 400 or more means. */
export function errorOf(code: number, body: string): StatusError {
  const status = statusIn(body);
  if (status) return new StatusError({ ...status, code: status.code ?? code });
  const [reason, message] = GENERIC[code] ?? [
    code >= 500 ? "InternalError" : "",
    `the server responded with the status code ${code} but did not return more information`,
  ];
  const text = body.trim().slice(0, 1000);
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason,
    // A page that was not found says no more than that; a proxy that fails may say why.
    message: text && code >= 500 ? `${message}: ${text}` : message,
    ...(text ? { details: { causes: [{ reason: "UnexpectedServerResponse", message: text }] } } : {}),
    code,
  });
}

function statusIn(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as unknown;
    const isStatus = typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
    return isStatus ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}
