import type { Pod } from "#objects";
import type { PulledImage, Runtime } from "../runtime.ts";
import type { PodSources } from "../sources.ts";
import { credentialsFor } from "./keyring.ts";
import { pullSecretsOf } from "./pull-secrets.ts";

export interface PullContext {
  readonly runtime: Pick<Runtime, "pullImage" | "pullRecords">;
  /** Where the pod's imagePullSecrets are looked up; asked for only when it has some. */
  readonly podSources: () => Pick<PodSources, "secret"> | undefined;
  /** Told of secrets that could not be looked up; pulling goes on without them. */
  readonly onMissing?: (secrets: readonly string[]) => void;
}

/** Pulls an image with what the pod's imagePullSecrets hold for its registry. Rejects with a RuntimeError. */
export async function pullFor(
  pod: Pod,
  image: string,
  { runtime, podSources, onMissing }: PullContext,
): Promise<PulledImage> {
  const { configs, missing } = await pullSecretsOf(pod, podSources);
  if (missing.length > 0) onMissing?.(missing);
  const pulled = await runtime.pullImage(image, pod, credentialsFor(image, configs));
  await runtime.pullRecords?.pulled(pulled.id, image, pulled.credentials);
  return pulled;
}

/** Whether the pod may use an image that is on the node as it is: otherwise it has to pull it, as if it were not. */
export async function mayUse(
  pod: Pod,
  image: string,
  id: string,
  { runtime, podSources }: Pick<PullContext, "runtime" | "podSources">,
): Promise<boolean> {
  const credentials = async () => credentialsFor(image, (await pullSecretsOf(pod, podSources)).configs);
  return runtime.pullRecords?.mayUse(id, image, credentials) ?? true;
}
