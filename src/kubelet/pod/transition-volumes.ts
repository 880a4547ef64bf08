import { unreachable } from "#base";
import { mountBackOffAfter } from "./back-off.ts";
import { warning, type PodEvent } from "./events.ts";
import type { Happening, Transition } from "./happening.ts";
import type { VolumeFailure } from "../volumes.ts";
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
      const { attempts, since, changed } = volumes.state === "mounting" ? volumes : { attempts: 0, since: now };
      const overdue = now - since >= OVERDUE_MS;
      const failed = attempts + 1;
      return {
        ...become({
          state: "failed",
          attempts: failed,
          since: overdue ? now : since,
          retryAt: changed ? now : now + mountBackOffAfter(failed),
        }),
        events: failureEvents(failures, overdue),
      };
    }
    case "volumes-gone":
      return become({ state: "gone" });
    case "volumes-changed":
      if (volumes.state === "mounting") return become({ ...volumes, changed: true });
      return volumes.state === "failed" ? become({ ...volumes, retryAt: now }) : { view, events: [] };
    case "volumes-event":
      return { ...become(volumes), events: [happening.event] };
    case "volumes-stale":
      return { ...become(volumes), events: [failureEvent(happening.failure)] };
    default:
      return unreachable(happening);
  }
}

const failureEvent = ({ reason = "FailedMount", message }: VolumeFailure) => warning(reason, message);

function failureEvents(failures: readonly VolumeFailure[], overdue: boolean): readonly PodEvent[] {
  const unprocessed = failures.filter((failure) => failure.unprocessed);
  const known = failures.filter((failure) => !failure.unprocessed).map(failureEvent);
  if (unprocessed.length === 0 && !overdue) return known;
  // What cannot be processed is told at once: waiting longer brings nothing new.
  const why =
    unprocessed.length > 0 ? unprocessed.map(({ message }) => message).join("; ") : "context deadline exceeded";
  return [
    ...known,
    warning(
      "FailedMount",
      `Unable to attach or mount volumes: unmounted volumes=${listText(failures)}, unattached volumes=[], failed to process volumes=${listText(unprocessed)}: ${why}`,
    ),
  ];
}

const listText = (failures: readonly VolumeFailure[]) =>
  `[${failures
    .map(({ volume }) => volume)
    .toSorted()
    .join(" ")}]`;
