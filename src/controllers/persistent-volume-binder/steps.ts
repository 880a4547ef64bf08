import type { KubeObject, PersistentVolume, PersistentVolumeClaim } from "#objects";

export type ClaimPhase = "Pending" | "Bound" | "Lost";
export type VolumePhase = "Available" | "Bound" | "Released" | "Failed";

/** An Event, as `kubectl describe` shows it. */
export interface Telling {
  readonly level: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** What the binder does; the steps of a binding stand in upstream's order, and any of them may be the last before a crash. */
export type BinderStep =
  /** `spec.claimRef` of the volume names the claim: from then on no other claim gets it. */
  | { readonly type: "reserve"; readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }
  | {
      readonly type: "volume-phase";
      readonly volume: PersistentVolume;
      readonly phase: VolumePhase;
      readonly telling?: Telling;
    }
  /** `spec.volumeName` of the claim names the volume, and the annotations say that this is for good. */
  | { readonly type: "bind-claim"; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }
  | {
      readonly type: "claim-phase";
      readonly claim: PersistentVolumeClaim;
      readonly phase: ClaimPhase;
      /** The one that it is bound to. */
      readonly volume?: PersistentVolume;
      readonly telling?: Telling;
    }
  /** The volume is free again, or waits for its claim as the user has written it. */
  | { readonly type: "unbind"; readonly volume: PersistentVolume }
  | { readonly type: "set-class"; readonly claim: PersistentVolumeClaim; readonly className: string }
  /** Asks a provisioner for a volume. */
  | { readonly type: "ask-provisioner"; readonly claim: PersistentVolumeClaim; readonly provisioner: string }
  | { readonly type: "tell"; readonly about: KubeObject; readonly telling: Telling }
  /** The claim, by its key, is to be looked at. */
  | { readonly type: "wake"; readonly claim: string };
