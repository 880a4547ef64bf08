import { StatusError } from "#objects";

/** 405: the path is served, but not with this method. */
export const methodNotAllowed = () =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server does not allow this method on the requested resource",
    reason: "MethodNotAllowed",
    details: {},
    code: 405,
  });
