import type { ContainerView, RestartBackOff } from "./view.ts";

/** Upstream kubelet: containers that crash wait 10 s, doubling to 5 min; images that cannot be pulled likewise. */
const FIRST_MS = 10_000;
const MAX_MS = 300_000;
/** Who ran for longer than this starts afresh (client-go flowcontrol.Backoff: twice the maximum). */
const FORGIVEN_MS = 2 * MAX_MS;
/** What could not be made for other reasons is tried again after this (upstream pod worker's back-off period). */
export const RETRY_MS = 10_000;

/** The wait before attempt `attempts + 1` when `attempts` have failed. */
export const backOffAfter = (attempts: number): number => Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), MAX_MS);

/** When a container that exited at `at` may run again. The first restart comes at once. */
export function restartTime({ backOff }: Pick<ContainerView, "backOff">, at: number): number {
  return !backOff || isForgiven(backOff, at) ? at : at + backOff.delayMs;
}

/** The back-off once a container that exited at `at` is started again at `now`. */
export function nextBackOff(backOff: RestartBackOff | undefined, at: number, now: number): RestartBackOff {
  const delayMs = !backOff || isForgiven(backOff, at) ? FIRST_MS : Math.min(backOff.delayMs * 2, MAX_MS);
  return { delayMs, since: now };
}

const isForgiven = ({ since }: RestartBackOff, at: number) => at - since > FORGIVEN_MS;

/** Upstream goroutinemap/exponentialbackoff: volumes are tried again after 0.5 s, doubling to about two minutes. */
const FIRST_MOUNT_MS = 500;
const MAX_MOUNT_MS = 122_000;

/** The wait before volumes are tried again that have failed to mount `attempts` times. */
export const mountBackOffAfter = (attempts: number): number =>
  Math.min(FIRST_MOUNT_MS * 2 ** Math.max(0, attempts - 1), MAX_MOUNT_MS);

/** `10s`, `1m20s`, `5m0s` */
export function formatBackOff(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
