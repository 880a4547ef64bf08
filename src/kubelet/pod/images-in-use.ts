import { containerStatuses, fullImageName } from "#objects";
import type { PodView } from "./view.ts";

/** Names and ids of the images that pods of the node are made of, or mount; ended containers count. */
export function imagesInUse(views: Iterable<PodView>): ReadonlySet<string> {
  const used = new Set<string>();
  const addName = (image: string | undefined) => {
    if (image) used.add(fullImageName(image));
  };
  for (const { pod, containers } of views) {
    const { containers: main = [], initContainers = [], ephemeralContainers = [], volumes = [] } = pod.spec ?? {};
    for (const { image } of [...main, ...initContainers, ...ephemeralContainers]) addName(image);
    for (const { image } of volumes) addName(image?.reference);
    // What a name stands for may have moved on since: the image it was started from is used all the same.
    for (const { imageID } of containerStatuses(pod)) if (imageID) used.add(imageID);
    for (const { image } of containers.values()) if (image.state === "present") used.add(image.id);
  }
  return used;
}
