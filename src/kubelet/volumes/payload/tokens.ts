import type { IssuedToken } from "#kubelet";

const MAX_AGE_MS = 24 * 3_600_000;
/** Not all tokens of a node at once. */
export const MAX_JITTER_MS = 10_000;

/**
 * When a token is to be replaced by a new one: after four fifths of its life, or a day (upstream token manager).
 * `jitter`: so many milliseconds earlier.
 */
export function refreshAt({ issuedAt, expiresAt }: IssuedToken, jitter: number): number {
  const life = expiresAt - issuedAt;
  return Math.min(issuedAt + MAX_AGE_MS, expiresAt - life / 5) - jitter;
}
