import { unreachable } from "#base";
import { formatDuration } from "#objects";
import { backOffAfter, RETRY_MS } from "./back-off.ts";
import { become, type ContainerChange, type ContainerFacts } from "./container-change.ts";
import { normal, warning, type PodEvent } from "./events.ts";
import type { Happening } from "./happening.ts";
import type { ContainerView, Failure } from "./view.ts";

/** Images that fail so are not asked for at any registry (upstream EnsureImageExists). */
const UNASKED: ReadonlySet<string> = new Set(["InvalidImageName", "ErrImageNeverPull"]);

export type ImageHappening = Extract<Happening, { readonly type: `image-${string}` | "pull-secrets-missing" }>;

/** Takes in what happened to the image of a container. Undefined: nothing changes. */
export function stepImage(happening: ImageHappening, facts: ContainerFacts): ContainerChange | undefined {
  const { before, now } = facts;
  const { name, image = "" } = facts.container;
  switch (happening.type) {
    case "image-wanted": {
      // While it is tried again, the failure stays shown.
      const failed = before.image.state === "failed" ? before.image : undefined;
      return become({
        image: {
          state: "pulling",
          attempts: (failed?.attempts ?? 0) + 1,
          ...(failed ? { shown: imageFailure(failed, image) } : {}),
        },
      });
    }
    case "image-pulling":
      return become({}, normal("Pulling", `Pulling image "${image}"`, name));
    case "pull-secrets-missing": {
      const message = `Unable to retrieve some image pull secrets (${happening.secrets.join(", ")}); attempting to pull the image may not succeed.`;
      return become({}, warning("FailedToRetrieveImagePullSecret", message));
    }
    case "image-present":
      return become(
        { image: { state: "present", id: happening.id } },
        normal("Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`, name),
      );
    case "image-pulled": {
      const took = formatDuration(Math.max(1, Math.round(happening.tookMs)));
      const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${happening.bytes} bytes.`;
      return become({ image: { state: "present", id: happening.id } }, normal("Pulled", message, name));
    }
    case "image-failed":
      return become(
        { image: failedImage(before, happening.failure, now) },
        ...imageEvents(image, happening.failure, name),
      );
    case "image-backs-off":
      if (before.image.state !== "failed") return undefined;
      return become(
        { image: { ...before.image, backingOff: true } },
        normal("BackOff", `Back-off pulling image "${image}"`, name),
        warning("Failed", "Error: ImagePullBackOff", name),
      );
    default:
      return unreachable(happening);
  }
}

/** The image after one more failure. */
function failedImage({ image }: ContainerView, failure: Failure, now: number): ContainerView["image"] {
  const attempts = image.state === "pulling" ? image.attempts : 1;
  const unasked = UNASKED.has(failure.reason);
  return {
    state: "failed",
    failure,
    at: now,
    retryAt: now + (unasked ? RETRY_MS : backOffAfter(attempts)),
    attempts,
    ...(unasked ? { unasked } : {}),
    backingOff: false,
  };
}

/** What a container shows whose image is not there. */
export function imageFailure(
  failed: { readonly failure: Failure; readonly backingOff: boolean },
  image: string,
): Failure {
  const { reason, message } = failed.failure;
  if (!failed.backingOff) return failed.failure;
  return { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ${reason}: ${message}` };
}

function imageEvents(image: string, { reason, message }: Failure, name: string): readonly PodEvent[] {
  switch (reason) {
    case "ErrImageNeverPull":
      return [warning("ErrImageNeverPull", message, name), warning("Failed", `Error: ${reason}`, name)];
    case "InvalidImageName":
      return [warning("InspectFailed", message, name), warning("Failed", `Error: ${reason}`, name)];
    default:
      return [
        warning("Failed", `Failed to pull image "${image}": ${message}`, name),
        warning("Failed", `Error: ${reason}`, name),
      ];
  }
}
