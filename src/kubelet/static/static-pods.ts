import { keyOf, type Pod } from "#objects";
import { Place, type PlaceOptions } from "./place.ts";

/** Tells which pods a node is to run of itself. */
export interface StaticPodSource {
  /** Calls back with all there are, now and whenever they change, until the function that it returns is called. */
  subscribe(listener: (pods: readonly Pod[]) => void): () => void;
}

export interface StaticPodsOptions extends PlaceOptions {
  readonly source: StaticPodSource;
}

/** The pods that a node runs of itself, and their mirrors at the API. */
export interface StaticPods {
  /** The API has a mirror pod like this. */
  observeMirror(mirror: Pod): void;
  /** The API has it no longer. */
  forgetMirror(mirror: Pod): void;
}

/** Runs what the source asks for. A pod whose manifest changes ends before the new one begins. */
export function startStaticPods(options: StaticPodsOptions): StaticPods {
  const places = new Map<string, Place>();
  /** The source has said what there is to be. */
  let known = false;

  const placeOf = (key: string): Place => {
    const there = places.get(key);
    if (there) return there;
    const place: Place = new Place(key, known ? "none" : "unknown", options, () => {
      if (places.get(key) === place) places.delete(key);
    });
    places.set(key, place);
    return place;
  };

  const unsubscribe = options.source.subscribe((pods) => {
    known = true;
    const wanted = new Map(pods.map((pod) => [keyOf(pod), pod]));
    for (const key of wanted.keys()) placeOf(key);
    for (const [key, place] of places) place.want(wanted.get(key) ?? "none");
  });
  options.scope.defer(unsubscribe);

  return {
    observeMirror: (mirror) => placeOf(keyOf(mirror)).observeMirror(mirror),
    forgetMirror: (mirror) => places.get(keyOf(mirror))?.forgetMirror(mirror),
  };
}
