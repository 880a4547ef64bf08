import { keyOf, PROVISIONED_BY, type PersistentVolume, type PersistentVolumeClaim } from "#objects";
import type { Plan } from "../framework/index.ts";
import type { BinderStep, Telling, VolumePhase } from "./steps.ts";

export interface VolumeView {
  readonly volume: PersistentVolume;
  /** The claim that its claimRef names by uid; undefined: that one is gone. */
  readonly claim: PersistentVolumeClaim | undefined;
  /** The key of a claim that waits for a volume like this one, which nothing reserves. */
  readonly waiting: string | undefined;
}

/** A free volume is offered again after this time, as long as a claim waits that it fits: the first may have got another. */
const OFFER_AGAIN_MS = 1000;

type VolumePlan = Plan<BinderStep>;

/** What becomes of a volume (upstream syncVolume). */
export function planVolume({ volume, claim, waiting }: VolumeView, now: number): Plan<BinderStep> {
  const ref = volume.spec?.claimRef;
  if (!ref) return planFree(volume, waiting, now);
  if (!ref.uid) return { steps: phase(volume, "Available"), because: "it is reserved for a claim to come" };
  if (!claim) return planReleased(volume, "its claim is gone");
  if (!claim.spec?.volumeName) return planReserved(volume, claim);
  if (claim.spec.volumeName === volume.metadata.name) {
    return { steps: phase(volume, "Bound"), because: "both sides name each other" };
  }
  const isProvisioned = volume.metadata.annotations?.[PROVISIONED_BY] !== undefined;
  if (isProvisioned && volume.spec?.persistentVolumeReclaimPolicy === "Delete") {
    return planReleased(volume, "it was made for a claim that has another volume");
  }
  return { steps: [{ type: "unbind", volume }], because: "its claim has another volume" };
}

const phase = (volume: PersistentVolume, phase: VolumePhase): readonly BinderStep[] =>
  volume.status?.phase === phase ? [] : [{ type: "volume-phase", volume, phase }];

function planFree(volume: PersistentVolume, waiting: string | undefined, now: number): VolumePlan {
  const steps = phase(volume, "Available");
  if (waiting === undefined || steps.length > 0) return { steps, because: "nothing reserves it" };
  return {
    steps: [{ type: "wake", claim: waiting }],
    requeueAt: now + OFFER_AGAIN_MS,
    because: `it fits the claim ${waiting}, which waits`,
  };
}

/** It names the claim, and the claim does not name it yet. */
function planReserved(volume: PersistentVolume, claim: PersistentVolumeClaim): VolumePlan {
  const [have, want] = [volume, claim].map(({ spec }) => spec?.volumeMode ?? "Filesystem");
  if (have === want) return { steps: [{ type: "wake", claim: keyOf(claim) }], because: "its claim is to name it" };
  const tell = (about: PersistentVolume | PersistentVolumeClaim, message: string): BinderStep => ({
    type: "tell",
    about,
    telling: { level: "Warning", reason: "VolumeMismatch", message },
  });
  const why = "due to incompatible volumeMode.";
  return {
    steps: [
      tell(volume, `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`),
      tell(claim, `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ${why}`),
    ],
    because: "its claim wants another volume mode",
  };
}

function planReleased(volume: PersistentVolume, because: string): VolumePlan {
  const { status, spec } = volume;
  const isKnown = status?.phase === "Released" || status?.phase === "Failed";
  const released = isKnown ? [] : phase(volume, "Released");
  const failure = reclaimFailure(volume, spec?.persistentVolumeReclaimPolicy);
  if (!failure || status?.phase === "Failed") return { steps: released, because };
  return { steps: [...released, { type: "volume-phase", volume, phase: "Failed", telling: failure }], because };
}

/** Why nothing does what the policy asks for; undefined: nothing is to be done here. */
function reclaimFailure({ metadata, spec }: PersistentVolume, policy: string | undefined): Telling | undefined {
  const failure = (reason: string, message: string): Telling => ({ level: "Warning", reason, message });
  if (policy === undefined || policy === "Retain") return undefined;
  if (policy === "Recycle") return failure("VolumeFailedRecycle", "No recycler plugin found for the volume!");
  if (policy !== "Delete") {
    return failure("VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy");
  }
  const provisioner = metadata.annotations?.[PROVISIONED_BY];
  if (provisioner?.startsWith("kubernetes.io/")) {
    return failure("VolumeFailedDelete", `no volume plugin matched name: ${provisioner}`);
  }
  // Its provisioner deletes it, or the driver's.
  if (provisioner || spec?.csi) return undefined;
  const message = `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`;
  return failure("VolumeFailedDelete", message);
}
