import { goQuote } from "./decode/json-syntax.ts";
import type { FieldError } from "./field-error.ts";
import type { Status, StatusCause, StatusDetails } from "./generated/types.ts";

/** The closed set of reasons that the API answers with (apimachinery meta/v1 StatusReason). */
export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable";

/** Names what an error is about: a group and a resource (`deployments`) or, for Invalid, a kind (`Deployment`). */
export interface Subject {
  readonly group: string;
  readonly resource: string;
}

/** The one error that the API lets out: it is its Status. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? "unknown error");
    this.name = "StatusError";
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): StatusReason | "" {
    return (this.status.reason ?? "") as StatusReason | "";
  }
}

/** Whether an error is a Status with one of the reasons. */
export function hasReason(error: unknown, ...reasons: readonly StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons as readonly string[]).includes(error.reason);
}

function failure(code: number, reason: StatusReason, message: string, details?: StatusDetails): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  });
}

const qualified = ({ group, resource }: Subject) => (group ? `${resource}.${group}` : resource);
const about = (
  { group, resource }: Subject,
  name: string,
  more: Omit<StatusDetails, "name" | "group" | "kind"> = {},
): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(group ? { group } : {}),
  ...(resource ? { kind: resource } : {}),
  ...more,
});

/** 401 */
export const unauthorized = () => failure(401, "Unauthorized", "Unauthorized");

/** 403: `pods "web" is forbidden: …`, without what is empty of resource and name. */
export const forbiddenError = (subject: Subject, name: string, detail: string) =>
  failure(
    403,
    "Forbidden",
    name
      ? `${qualified(subject)} ${JSON.stringify(name)} is forbidden: ${detail}`
      : subject.resource
        ? `${qualified(subject)} is forbidden: ${detail}`
        : `forbidden: ${detail}`,
    about(subject, name),
  );

/** 404 for an object. */
export const notFoundError = (subject: Subject, name: string) =>
  failure(404, "NotFound", `${qualified(subject)} ${goQuote(name)} not found`, about(subject, name));

/** 404: the path itself is not served. */
export const noSuchPath = () => failure(404, "NotFound", "the server could not find the requested resource", {});

/** 409 for a create whose name is taken. */
export const alreadyExists = (subject: Subject, name: string) =>
  failure(409, "AlreadyExists", `${qualified(subject)} ${JSON.stringify(name)} already exists`, about(subject, name));

/** Upstream's words for a stale resourceVersion. */
export const OPTIMISTIC_LOCK =
  "the object has been modified; please apply your changes to the latest version and try again";

/** 409 for a write that another one came before, or whose precondition fails. */
export const conflict = (
  subject: Subject,
  name: string,
  detail: string = OPTIMISTIC_LOCK,
  causes?: readonly StatusCause[],
) =>
  failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} ${JSON.stringify(name)}: ${detail}`,
    about(subject, name, causes ? { causes } : {}),
  );

/** 422. `kind` is the object's kind, `name` may be empty. Sorts nothing: errors appear in the order found. */
export function invalidObject(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return failure(422, "Invalid", `${group ? `${kind}.${group}` : kind} ${JSON.stringify(name)} is invalid: ${text}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    causes: errors.map(({ type, field, message }) => ({ reason: type, message, field })),
  });
}

/** 422 without a word about why: a JSON patch that does not apply (upstream NewGenericServerResponse). */
export const rejectedRequest = () =>
  failure(422, "Invalid", "the server rejected our request due to an error in our request", {});

/** 500 with a text that the client may read and no reason: how upstream answers errors that are no Status. */
export const plainError = (message: string) =>
  new StatusError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });

/** 400 */
export const badRequest = (message: string) => failure(400, "BadRequest", message);
/** 410: what was asked for is no longer there. */
export const gone = (message: string) => failure(410, "Gone", message);
/** 410: the resourceVersion or continue token is too old. */
export const expired = (message: string) => failure(410, "Expired", message);
/** 504; the client may try again after the seconds. */
export const timeoutError = (message: string, retryAfterSeconds?: number) =>
  failure(504, "Timeout", message, retryAfterSeconds ? { retryAfterSeconds } : {});
/** 429; the client tries again after the seconds (0: it is not told when). */
export const tooManyRequests = (message: string, retryAfterSeconds = 1, causes?: readonly StatusCause[]) =>
  failure(429, "TooManyRequests", message, {
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
    ...(causes ? { causes } : {}),
  });
/** 405 for a verb that the resource does not have. */
export const methodNotSupported = (subject: Subject, action: string) =>
  failure(
    405,
    "MethodNotAllowed",
    `${action} is not supported on resources of kind ${JSON.stringify(qualified(subject))}`,
    about(subject, ""),
  );
/** 406: no form that the client takes. */
export const notAcceptable = (message: string) => failure(406, "NotAcceptable", message);
/** 415: a body in a form that is not read. */
export const unsupportedMediaType = (message: string) => failure(415, "UnsupportedMediaType", message);
/** 413 */
export const entityTooLarge = (message: string) => failure(413, "RequestEntityTooLarge", message);
/** 503 */
export const serviceUnavailable = (message: string) => failure(503, "ServiceUnavailable", message);
/** 500 with a text that the client may read. */
export const internalError = (message: string) =>
  failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
