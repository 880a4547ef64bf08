import { internalError } from "#objects";
import type { RemoteStatus } from "#wire";

/** Since this version of the protocol upstream translates between two connections, and words it anew. */
const TRANSLATED = 5;

export const SUCCESS: RemoteStatus = { status: "Success" };

/** A process that could not be run, or not to its end. */
export function failure(message: string, version: number): RemoteStatus {
  const inner = internalError(message);
  // Upstream's translator takes the inner error's text for a reason of its own.
  const {
    kind: _kind,
    apiVersion: _apiVersion,
    metadata: _metadata,
    ...status
  } = version >= TRANSLATED ? internalError(inner.message).status : inner.status;
  return { ...status, status: "Failure" };
}

/** How a command has ended: in the words of the translator, or below that of cri-streaming. */
export function exitStatus(exitCode: number, command: readonly string[], version: number): RemoteStatus {
  if (exitCode === 0) return SUCCESS;
  const what =
    version >= TRANSLATED
      ? `command terminated with exit code ${exitCode}`
      : `error executing command [${command.join(" ")}], exit code ${exitCode}`;
  const status = {
    status: "Failure" as const,
    message: `command terminated with non-zero exit code: ${what}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
  return status;
}
