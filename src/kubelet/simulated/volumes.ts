import { messageOf } from "#base";
import {
  ClaimError,
  MountError,
  volumeSpecOf,
  type PodSources,
  type Sources,
  type VolumeFailure,
  type Volumes,
} from "#kubelet";
import { claimsOfPod, type Pod } from "#objects";

/** Volumes that are nothing but remembered: a pod starts once its claims are bound, and nothing is mounted. */
export function createSimulatedVolumes(sources: Sources): Volumes {
  const pods = new Map<string, PodSources>();
  return {
    concerns: (pod) => claimsOfPod(pod).length > 0,
    async mount(pod, listener) {
      const uid = uidOf(pod);
      let own = pods.get(uid);
      if (!own) {
        own = sources.of(pod);
        own.onChange(() => listener?.onChange?.());
        pods.set(uid, own);
      }
      const failures: VolumeFailure[] = [];
      for (const volume of pod.spec?.volumes ?? []) {
        if (!volume.persistentVolumeClaim && !volume.ephemeral) continue;
        try {
          await volumeSpecOf(pod, volume, own);
        } catch (error) {
          failures.push({ volume: volume.name, message: messageOf(error), unprocessed: error instanceof ClaimError });
        }
      }
      if (failures.length > 0) throw new MountError(failures);
    },
    update() {},
    mountsOf: () => Promise.resolve([]),
    readFile: () => Promise.resolve(""),
    unmount(pod) {
      pods.get(uidOf(pod))?.close();
      pods.delete(uidOf(pod));
      return Promise.resolve();
    },
    close() {
      for (const own of pods.values()) own.close();
      pods.clear();
      return Promise.resolve();
    },
  };
}

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? "";
