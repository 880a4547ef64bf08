import type { Clock } from "#base";
import type { Pod } from "#objects";
import { ensureImageExists, type PullContext } from "../images/pull.ts";
import type { AnyContainer } from "../runtime.ts";
import type { Happening } from "./happening.ts";

export interface ImageContext extends Pick<PullContext, "runtime" | "podSources"> {
  readonly clock: Clock;
  readonly dispatch: (happening: Happening) => void;
}

/** Ensures that the container's image is on the node, by its pull policy; reports progress on the way. */
export async function ensureImage(
  pod: Pod,
  container: AnyContainer,
  { runtime, podSources, clock, dispatch }: ImageContext,
): Promise<"pulled" | "present" | "failed"> {
  const { name, image = "", imagePullPolicy: policy } = container;
  let began = 0;
  const onPull = () => {
    dispatch({ type: "image-pulling", name });
    began = clock.monotonic();
  };
  const onMissing = (secrets: readonly string[]) => dispatch({ type: "pull-secrets-missing", name, secrets });
  try {
    const { id, pulled } = await ensureImageExists(pod, image, policy, { runtime, podSources, onPull, onMissing });
    if (!pulled) {
      dispatch({ type: "image-present", name, id });
      return "present";
    }
    dispatch({ type: "image-pulled", name, id, bytes: pulled.bytes, tookMs: clock.monotonic() - began });
    return "pulled";
  } catch (error) {
    const { reason, message } = error as { readonly reason?: string; readonly message?: string };
    const failure = { reason: reason ?? "ErrImagePull", message: message ?? String(error) };
    dispatch({ type: "image-failed", name, failure });
    return "failed";
  }
}
