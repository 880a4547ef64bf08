import { goQuote, parseImageName, type Pod } from "#objects";
import { RuntimeError, type PulledImage, type Runtime } from "../runtime.ts";
import type { PodSources } from "../sources.ts";
import { credentialsFor } from "./keyring.ts";
import { pullSecretsOf } from "./pull-secrets.ts";

export interface PullContext {
  readonly runtime: Pick<Runtime, "imageId" | "pullImage" | "pullRecords">;
  /** Where the pod's imagePullSecrets are looked up; asked for only when it has some. */
  readonly podSources: () => Pick<PodSources, "secret"> | undefined;
  /** Told when the image has to be pulled, before it is. */
  readonly onPull?: () => void;
  /** Told of secrets that could not be looked up; pulling goes on without them. */
  readonly onMissing?: (secrets: readonly string[]) => void;
}

export interface ImageOnNode {
  readonly id: string;
  /** Of an image that had to be pulled. */
  readonly pulled?: PulledImage;
}

/**
 * Ensures that an image is on the node, by the policy that the pod pulls it with. What is there already, and what
 * this pod could not pull, is pulled as if it were not (upstream EnsureImageExists). Rejects with a RuntimeError.
 */
export async function ensureImageExists(
  pod: Pod,
  image: string,
  policy: string | undefined,
  context: PullContext,
): Promise<ImageOnNode> {
  // The runtime is not asked for what is no name.
  requestedImageName(image);
  const present = await context.runtime.imageId(image);
  if (present !== undefined && policy !== "Always" && (await mayUse(pod, image, present, context))) {
    return { id: present };
  }
  if (policy === "Never") {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    throw new RuntimeError("ErrImageNeverPull", message);
  }
  context.onPull?.();
  const pulled = await pull(pod, image, context);
  return { id: pulled.id, pulled };
}

/** Pulls an image with what the pod's imagePullSecrets hold for its registry. */
async function pull(pod: Pod, image: string, { runtime, podSources, onMissing }: PullContext): Promise<PulledImage> {
  const { configs, missing } = await pullSecretsOf(pod, podSources);
  if (missing.length > 0) onMissing?.(missing);
  const pulled = await runtime.pullImage(image, pod, credentialsFor(image, configs));
  await runtime.pullRecords?.pulled(pulled.id, image, pulled.credentials);
  return pulled;
}

/** Whether the pod may use an image that is on the node as it is. */
async function mayUse(pod: Pod, image: string, id: string, { runtime, podSources }: PullContext): Promise<boolean> {
  const credentials = async () => credentialsFor(image, (await pullSecretsOf(pod, podSources)).configs);
  return runtime.pullRecords?.mayUse(id, image, credentials) ?? true;
}

/**
 * The name that a registry is asked for: as it was written, with the tag `latest` where it has neither tag nor digest.
 * Throws a RuntimeError with the reason InvalidImageName.
 */
export function requestedImageName(image: string): string {
  const name = parseImageName(image);
  if (!("problem" in name)) return name.tag || name.digest ? image : `${image}:latest`;
  const quoted = goQuote(image);
  throw new RuntimeError(
    "InvalidImageName",
    `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: ${name.problem}`,
  );
}
