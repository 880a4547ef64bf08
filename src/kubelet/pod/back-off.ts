/** Upstream kubelet: containers that crash wait 10 s, doubling to 5 min; images that cannot be pulled likewise. */
const FIRST_MS = 10_000;
const MAX_MS = 300_000;
/** A container that ran this long starts afresh. */
export const FORGIVEN_AFTER_MS = 600_000;

export const nextBackOff = (before: number): number => (before === 0 ? FIRST_MS : Math.min(before * 2, MAX_MS));

/** The wait before attempt `attempts + 1` when `attempts` have failed. */
export const backOffAfter = (attempts: number): number => Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), MAX_MS);
