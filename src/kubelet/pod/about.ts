import { referenceTo } from "#client";
import type { ObjectReference, Pod } from "#objects";

/** What an Event about one container of a pod refers to: `spec.containers{web}`. */
export function aboutContainer(pod: Pod, name: string): ObjectReference {
  const section = pod.spec?.containers.some((container) => container.name === name)
    ? "containers"
    : pod.spec?.initContainers?.some((container) => container.name === name)
      ? "initContainers"
      : "ephemeralContainers";
  return { ...referenceTo(pod), fieldPath: `spec.${section}{${name}}` };
}
