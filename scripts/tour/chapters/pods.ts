import { phaseOf } from "../../../test/support/rollout/versions.ts";
import { podsOf } from "../pods-view.ts";
import type { Stage } from "../stage.ts";

export const namesOf = ({ live }: Stage, app: string): string =>
  podsOf(live, app)
    .map(({ metadata }) => metadata.name)
    .join(" ");

/** The application has exactly so many Pods, and all of them are ready. */
export function allReady({ live }: Stage, app: string, count: number): boolean {
  const pods = podsOf(live, app);
  return pods.length === count && pods.every((pod) => phaseOf(pod) === "ready");
}

export const imageOf = ({ live }: Stage, pod: string): string | undefined =>
  live.pods.get(pod)?.spec?.containers[0]?.image;

export const uidOf = ({ live }: Stage, pod: string): string | undefined => live.pods.get(pod)?.metadata.uid;
