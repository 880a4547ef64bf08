import { BIND_COMPLETED, type PersistentVolume, type PersistentVolumeClaim } from "#objects";
import { named, type Invariant } from "./invariant.ts";

const isComplete = ({ metadata }: PersistentVolumeClaim) => metadata.annotations?.[BIND_COMPLETED] !== undefined;

/** A volume is bound to one claim at most, and is never taken from a claim that has it. */
export function volumesHaveOneClaim(): Invariant {
  return {
    name: "a volume has one claim at most",
    check({ kind, before, after }, truth) {
      const claims = () => truth.of<PersistentVolumeClaim>("PersistentVolumeClaim");
      if (kind === "PersistentVolumeClaim" && after) {
        const claim = after as PersistentVolumeClaim;
        const volumeName = isComplete(claim) ? claim.spec?.volumeName : undefined;
        if (!volumeName) return undefined;
        const other = claims().find(
          (one) => one.metadata.uid !== claim.metadata.uid && isComplete(one) && one.spec?.volumeName === volumeName,
        );
        return other && `claims ${named(claim)} and ${named(other)} both have the volume ${volumeName}`;
      }
      if (kind !== "PersistentVolume" || !before || !after) return undefined;
      const [from, to] = [before, after].map((one) => (one as PersistentVolume).spec?.claimRef?.uid);
      if (!from || from === to) return undefined;
      const robbed = claims().find((one) => one.metadata.uid === from && one.spec?.volumeName === after.metadata.name);
      return robbed && `the volume ${named(after)} was taken from ${named(robbed)}`;
    },
  };
}
