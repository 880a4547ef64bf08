import type { Clock } from "#base";
import type { EventRecorder } from "#client";
import { formatDuration, type Pod } from "#objects";
import type { AnyContainer, Runtime } from "../runtime.ts";
import { aboutContainer } from "./about.ts";
import { backOffAfter } from "./back-off.ts";
import type { ImageView } from "./view.ts";

interface ImageContext {
  readonly runtime: Runtime;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

/** How long a failed pull is shown as such before it is shown as waiting for the next attempt. */
const SHOW_FAILURE_MS = 1_000;

/** Whether a container of this policy pulls an image that is, or is not, on the node. */
function pulls(policy: string | undefined, present: boolean): boolean {
  return policy === "Always" || (policy !== "Never" && !present);
}

/**
 * Sees to it that the container's image is on the node, by its pull policy, with the Events that go with it.
 * `show` is told when a failure turns into waiting: ErrImagePull becomes ImagePullBackOff.
 */
export async function ensureImage(
  pod: Pod,
  container: AnyContainer,
  before: ImageView,
  { runtime, recorder, clock }: ImageContext,
  show: (image: ImageView) => void,
): Promise<ImageView> {
  const { name, image = "", imagePullPolicy } = container;
  const about = aboutContainer(pod, name);
  const attempts = before.state === "failed" ? before.attempts + 1 : 1;
  const present = await runtime.imageId(image);
  if (!pulls(imagePullPolicy, present !== undefined)) {
    if (present !== undefined) {
      recorder.event(
        about,
        "Normal",
        "Pulled",
        `Container image "${image}" already present on machine and can be accessed by the pod`,
      );
      return { state: "present", id: present };
    }
    const message = `Container image "${image}" is not present with pull policy of Never`;
    recorder.event(about, "Warning", "ErrImageNeverPull", message);
    return {
      state: "failed",
      reason: "ErrImageNeverPull",
      message,
      retryAt: clock.now() + backOffAfter(attempts),
      attempts,
    };
  }
  recorder.event(about, "Normal", "Pulling", `Pulling image "${image}"`);
  const began = clock.monotonic();
  try {
    const pulled = await runtime.pullImage(image, pod);
    const took = formatDuration(Math.max(1, Math.round(clock.monotonic() - began)));
    recorder.event(
      about,
      "Normal",
      "Pulled",
      `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${pulled.bytes} bytes.`,
    );
    return { state: "present", id: pulled.id };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const reason = (error as { reason?: string }).reason ?? "ErrImagePull";
    recorder.event(about, "Warning", "Failed", `Failed to pull image "${image}": ${why}`);
    recorder.event(about, "Warning", "Failed", `Error: ${reason}`);
    const failed: ImageView = {
      state: "failed",
      reason,
      message: why,
      retryAt: clock.now() + backOffAfter(attempts),
      attempts,
    };
    clock.setTimeout(() => {
      recorder.event(about, "Normal", "BackOff", `Back-off pulling image "${image}"`);
      recorder.event(about, "Warning", "Failed", "Error: ImagePullBackOff");
      show({ ...failed, reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ${reason}: ${why}` });
    }, SHOW_FAILURE_MS);
    return failed;
  }
}
