import { fileResource, metadataField, type Quantities } from "#kubelet";
import type { DownwardAPIVolumeFile, Pod } from "#objects";
import { aggregate, type Payload, type PayloadFile } from "./payload.ts";

/** Files that tell of the pod itself. Throws an Error with upstream's text. */
export function downwardPayload(
  items: readonly DownwardAPIVolumeFile[],
  pod: Pod,
  allocatable: Quantities,
  defaultMode: number,
): Payload {
  const errors: Error[] = [];
  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    try {
      const data = Buffer.from(textOf(item, pod, allocatable));
      files.set(item.path, { data, mode: item.mode ?? defaultMode });
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  const failed = aggregate(errors);
  if (failed) throw failed;
  return files;
}

function textOf({ fieldRef, resourceFieldRef }: DownwardAPIVolumeFile, pod: Pod, allocatable: Quantities): string {
  if (fieldRef) return metadataField(pod, fieldRef.fieldPath);
  return resourceFieldRef ? fileResource(resourceFieldRef, pod, allocatable) : "";
}
