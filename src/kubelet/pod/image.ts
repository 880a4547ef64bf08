import type { Clock } from "#base";
import type { Pod } from "#objects";
import { mayUse, pullFor } from "../images/pull.ts";
import type { AnyContainer, Runtime } from "../runtime.ts";
import type { PodSources } from "../sources.ts";
import type { Happening } from "./happening.ts";

export interface ImageContext {
  readonly runtime: Pick<Runtime, "imageId" | "pullImage" | "pullRecords">;
  /** Where the pod's imagePullSecrets are looked up; asked for only when it has some. */
  readonly podSources: () => Pick<PodSources, "secret"> | undefined;
  readonly clock: Clock;
  readonly dispatch: (happening: Happening) => void;
}

/** Sees to it that the container's image is on the node, by its pull policy; tells what happens on the way. */
export async function ensureImage(
  pod: Pod,
  container: AnyContainer,
  { runtime, podSources, clock, dispatch }: ImageContext,
): Promise<"pulled" | "present" | "failed"> {
  const { name, image = "", imagePullPolicy: policy } = container;
  const fail = (reason: string, message: string) => {
    dispatch({ type: "image-failed", name, failure: { reason, message } });
    return "failed" as const;
  };
  try {
    const present = await runtime.imageId(image);
    if (present !== undefined && policy !== "Always" && (await mayUse(pod, image, present, { runtime, podSources }))) {
      dispatch({ type: "image-present", name, id: present });
      return "present";
    }
    if (policy === "Never") {
      return fail("ErrImageNeverPull", `Container image "${image}" is not present with pull policy of Never`);
    }
    dispatch({ type: "image-pulling", name });
    const began = clock.monotonic();
    const onMissing = (secrets: readonly string[]) => dispatch({ type: "pull-secrets-missing", name, secrets });
    const { id, bytes } = await pullFor(pod, image, { runtime, podSources, onMissing });
    dispatch({ type: "image-pulled", name, id, bytes, tookMs: clock.monotonic() - began });
    return "pulled";
  } catch (error) {
    const { reason, message } = error as { readonly reason?: string; readonly message?: string };
    return fail(reason ?? "ErrImagePull", message ?? String(error));
  }
}
