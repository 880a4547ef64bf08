import { mayUse, pullFor, RuntimeError, type PodSources, type Runtime } from "#kubelet";
import type { Pod } from "#objects";

/** The images of a node; a part of the runtime. */
export type Images = Pick<Runtime, "imageId" | "pullImage" | "pullRecords">;

/** The id of the image of a volume, fetched by its pull policy. Rejects with a RuntimeError. */
export async function imageOf(
  images: Images | undefined,
  reference: string,
  policy: string,
  pod: Pod,
  podSources: () => PodSources,
): Promise<string> {
  if (!images) throw new RuntimeError("ErrImagePull", "this node has no images to mount");
  const present = await images.imageId(reference);
  const context = { runtime: images, podSources };
  if (present !== undefined && policy !== "Always" && (await mayUse(pod, reference, present, context))) return present;
  if (policy === "Never") {
    throw new RuntimeError(
      "ErrImageNeverPull",
      `Container image "${reference}" is not present with pull policy of Never`,
    );
  }
  return (await pullFor(pod, reference, context)).id;
}
