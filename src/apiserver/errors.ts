import { StatusError, type Status } from "#objects";

/** What upstream's router answers before a request reaches a handler. */
export const routeError = (code: number, reason: NonNullable<Status["reason"]>, message: string) =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details: {},
    code,
  });

/** 405: the path is served, but not with this method. */
export const methodNotAllowed = () =>
  routeError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
