import type { PersistentVolume } from "#objects";

/** What named the options of a volume's mount before there was a field for them. */
const ANNOTATION = "volume.beta.kubernetes.io/mount-options";

/** The options that a volume is mounted with, each once, in order (upstream MountOptionFromSpec). */
export function mountOptionsOf(volume: PersistentVolume | undefined, more: readonly string[] = []): readonly string[] {
  const annotated = volume?.metadata.annotations?.[ANNOTATION];
  const own = annotated === undefined ? (volume?.spec?.mountOptions ?? []) : annotated.split(",");
  return [...new Set([...own, ...more])].filter((option) => option !== "").toSorted();
}
