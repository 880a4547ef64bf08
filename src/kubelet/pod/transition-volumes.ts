import { unreachable } from "#base";
import { mountBackOffAfter } from "./back-off.ts";
import { warning } from "./events.ts";
import type { Happening, Transition } from "./happening.ts";
import type { PodView, VolumesView } from "./view.ts";

type VolumesHappening = Extract<Happening, { readonly type: `volumes-${string}` }>;

/** So long a pod waits for its volumes before it says which it waits for (upstream podAttachAndMountTimeout). */
const OVERDUE_MS = 123_000;

/** Takes in what happened to the pod's volumes. */
export function stepVolumes(view: PodView, happening: VolumesHappening, now: number): Transition {
  const become = (volumes: VolumesView): Transition => ({ view: { ...view, volumes }, events: [] });
  const { volumes } = view;
  switch (happening.type) {
    case "volumes-mounting": {
      const { attempts, since } = volumes.state === "failed" ? volumes : { attempts: 0, since: now };
      return become({ state: "mounting", attempts, since });
    }
    case "volumes-mounted":
      return become({ state: "mounted" });
    case "volumes-failed": {
      const { failures } = happening;
      const { attempts, since } = volumes.state === "mounting" ? volumes : { attempts: 0, since: now };
      const overdue = now - since >= OVERDUE_MS;
      const failed = attempts + 1;
      return {
        ...become({
          state: "failed",
          attempts: failed,
          since: overdue ? now : since,
          retryAt: now + mountBackOffAfter(failed),
        }),
        events: [
          ...failures.map(({ message }) => warning("FailedMount", message)),
          ...(overdue ? [warning("FailedMount", overdueText(failures.map(({ volume }) => volume)))] : []),
        ],
      };
    }
    case "volumes-gone":
      return become({ state: "gone" });
    case "volumes-stale":
      return { ...become(volumes), events: [warning("FailedMount", happening.failure.message)] };
    default:
      return unreachable(happening);
  }
}

const overdueText = (volumes: readonly string[]) =>
  `Unable to attach or mount volumes: unmounted volumes=[${volumes.toSorted().join(" ")}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded`;
