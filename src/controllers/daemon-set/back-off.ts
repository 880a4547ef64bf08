/** How long failed pods on a node are left alone, so that set and kubelet do not fight over a pod that the kubelet rejects. */
export interface Backoff {
  readonly delayMs: number;
  /** When the last failed pod was deleted, in milliseconds since the epoch. */
  readonly since: number;
}

const FIRST_MS = 1000;
const LONGEST_MS = 15 * 60_000;

/** Twice the longest delay without a failure, and all is forgiven. */
const isForgiven = ({ since }: Backoff, now: number) => now - since > 2 * LONGEST_MS;

/** Until when failed pods stay where they are; undefined: one may be deleted. */
export function waitsUntil(backoff: Backoff | undefined, now: number): number | undefined {
  if (!backoff || isForgiven(backoff, now)) return undefined;
  const end = backoff.since + backoff.delayMs;
  return now < end ? end : undefined;
}

/** The back-off after a failed pod is deleted: 1 s, then twice as long each time, 15 minutes at most. */
export function nextBackoff(backoff: Backoff | undefined, now: number): Backoff {
  const delayMs = !backoff || isForgiven(backoff, now) ? FIRST_MS : Math.min(2 * backoff.delayMs, LONGEST_MS);
  return { delayMs, since: now };
}

/** What is remembered of the nodes of one DaemonSet. */
export interface Failures {
  readonly uid: string;
  /** Another generation begins without failures. */
  readonly generation: number;
  readonly byNode: Map<string, Backoff>;
}

/** The failures that count for a set of this uid and generation, without what is forgiven. */
export function failuresOf(known: Failures | undefined, uid: string, generation: number, now: number): Failures {
  if (!known || known.uid !== uid || known.generation !== generation) return { uid, generation, byNode: new Map() };
  const byNode = new Map([...known.byNode].filter(([, backoff]) => !isForgiven(backoff, now)));
  return { uid, generation, byNode };
}
