import type { VolumeSpec } from "#kubelet";
import { nodesOfVolume } from "#objects";
import { VolumeError, type VolumePlugin } from "./plugin.ts";
import { mountOptionsOf } from "./plugins/mount-options.ts";

/**
 * What is checked of a PersistentVolume before anything is done with it (upstream GenerateMountVolumeFunc).
 *
 * @throws VolumeError with upstream's text.
 */
export function checkPersistentVolume(
  { bound }: VolumeSpec,
  plugin: VolumePlugin,
  nodeLabels: Readonly<Record<string, string>> | undefined,
): void {
  if (!bound) return;
  const fits = nodesOfVolume(bound.volume);
  if (fits && nodeLabels && !fits({ apiVersion: "v1", kind: "Node", metadata: { labels: nodeLabels } })) {
    throw new VolumeError("MountVolume.NodeAffinity check failed", "no matching NodeSelectorTerms");
  }
  if (!plugin.mountOptions && mountOptionsOf(bound.volume).length > 0) {
    throw new VolumeError(
      "MountVolume.MountOptionSupport check failed",
      "mount options are not supported for this volume type",
    );
  }
}

/** Of several modes it is not known which the pod means. */
export const isForOnePod = ({ bound }: VolumeSpec): boolean =>
  bound?.volume.spec?.accessModes?.join() === "ReadWriteOncePod";
