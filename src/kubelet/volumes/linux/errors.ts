/** Whether a call failed with one of these codes: `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** Undefined when there is no such file. */
export async function ifThere<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** What went wrong; of a system call as Go words it: `mkdir /x: permission denied`. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, text, call, path] = /^E[A-Z0-9]+: (.+?), (\w+)(?: '(.*)')?$/s.exec(error.message) ?? [];
  if (text === undefined || call === undefined) return error.message;
  return path === undefined ? `${call}: ${text}` : `${call} ${path}: ${text}`;
}

/** What a program ended with that a `RunCommand` ran; a text if it could not be started: `ENOENT`. */
export function exitCodeOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}
