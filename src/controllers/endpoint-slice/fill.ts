import type { Endpoint } from "#objects";
import { endpointKey, sameEndpoint } from "./endpoint.ts";

/** What a slice holds, as far as filling is concerned. */
export interface Holding<S> {
  readonly slice: S;
  readonly endpoints: readonly Endpoint[];
  /** It has to be written whatever it holds. */
  readonly stale: boolean;
}

export interface Filling<S> {
  readonly update: readonly { readonly slice: S; readonly endpoints: readonly Endpoint[] }[];
  readonly remove: readonly S[];
  readonly unchanged: readonly S[];
  /** The endpoints of each slice that has to be made. */
  readonly create: readonly (readonly Endpoint[])[];
}

/**
 * Spreads the wanted endpoints over slices of at most `max`, writing as few of them as it can (upstream
 * reconcileByPortMapping): what is wanted stays where it is; slices that are written anyway are filled up, the fullest
 * first; what is left goes into the one other slice that it fills best, and into new ones.
 */
export function fill<S>(existing: readonly Holding<S>[], wanted: readonly Endpoint[], max: number): Filling<S> {
  const left = new Map(wanted.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const written: { slice: S; endpoints: Endpoint[] }[] = [];
  let kept: { readonly slice: S; readonly endpoints: readonly Endpoint[] }[] = [];
  const remove: S[] = [];

  for (const { slice, endpoints, stale } of existing) {
    const wantedHere: Endpoint[] = [];
    let changed = false;
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      const want = left.get(key);
      // Only this controller fills its slices; if another client has overfilled one, the rest moves on.
      if (!want || wantedHere.length === max) {
        changed = true;
        continue;
      }
      left.delete(key);
      const same = sameEndpoint(endpoint, want);
      wantedHere.push(same ? endpoint : want);
      changed ||= !same;
    }
    if (changed && wantedHere.length === 0) remove.push(slice);
    else if (changed || stale) written.push({ slice, endpoints: wantedHere });
    else kept.push({ slice, endpoints });
  }

  const rest = [...left.values()];
  const take = (room: number) => rest.splice(0, Math.max(room, 0));
  for (const target of written.toSorted((a, b) => b.endpoints.length - a.endpoints.length)) {
    if (rest.length === 0) break;
    target.endpoints.push(...take(max - target.endpoints.length));
  }
  const create: Endpoint[][] = [];
  while (rest.length > 0) {
    const target = rest.length < max ? bestFit(kept, rest.length, max) : undefined;
    if (target) {
      kept = kept.filter((other) => other !== target);
      written.push({ slice: target.slice, endpoints: [...target.endpoints, ...take(max)] });
    } else create.push(take(max));
  }
  return { update: written, remove, unchanged: kept.map(({ slice }) => slice), create };
}

/** The one that is closest to full with `count` more; none that would stay empty without them. */
function bestFit<H extends { readonly endpoints: readonly Endpoint[] }>(
  slices: readonly H[],
  count: number,
  max: number,
): H | undefined {
  let best: H | undefined;
  for (const slice of slices) {
    const size = slice.endpoints.length + count;
    if (size <= max && (!best || size > best.endpoints.length + count)) best = slice;
  }
  return best;
}
