/** Errors of storage in upstream's words (apiserver pkg/storage/errors.go, pkg/storage/etcd3/errors.go). */
import { expired, plainError, serviceUnavailable, StatusError, timeoutError, type Subject } from "#objects";
import { StoreUnavailable } from "#store";
import type { ResourceDefinition } from "../definition.ts";

export const subjectOf = ({ group, resource }: ResourceDefinition): Subject => ({ group, resource });

/** The subject of conflicts that upstream reports by kind. */
export const kindOf = ({ group, kind }: ResourceDefinition): Subject => ({ group, resource: kind });

/** How long a request for a revision that is not there yet waits for it, in milliseconds. */
export const FRESH_WAIT_MS = 3000;

export function tooLargeRevision(requested: number, current: number): StatusError {
  const error = timeoutError(`Timeout: Too large resource version: ${requested}, current: ${current}`, 1);
  return new StatusError({
    ...error.status,
    details: {
      ...error.status.details,
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    },
  });
}

export const listExpired = () => expired("The resourceVersion for the provided list is too old.");

/** `token` goes on with the newest state. */
export function continueExpired(token: string): StatusError {
  const { status } = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
      "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
      "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
      "modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  return new StatusError({ ...status, metadata: { ...status.metadata, continue: token } });
}

export const resourceVersionOnCreate = () => plainError("resourceVersion should not be set on objects to be created");

/** A name was generated and taken at once by another, again and again. */
export function generatedNameTaken(subject: Subject, name: string): StatusError {
  const qualified = subject.group ? `${subject.resource}.${subject.group}` : subject.resource;
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `${qualified} ${JSON.stringify(name)} already exists, the server was not able to generate a unique name for the object`,
    reason: "AlreadyExists",
    details: {
      name,
      ...(subject.group ? { group: subject.group } : {}),
      kind: subject.resource,
      retryAfterSeconds: 1,
    },
    code: 409,
  });
}

/** The detail of a conflict over a precondition, as upstream's storage prints it. */
export const storagePrecondition = (key: string, what: "UID" | "ResourceVersion", wanted: string, found: string) =>
  `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
  `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;

/** What a client is told when the medium refuses; other errors stay as they are. */
export function interpret(error: unknown): unknown {
  return error instanceof StoreUnavailable ? serviceUnavailable(`the store refuses writes: ${error.message}`) : error;
}
