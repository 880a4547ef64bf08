import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  compareQuantities,
  isBoundTo,
  parseQuantity,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassNameOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { claimInPhase, isComplete, isReserved } from "./objects.ts";
import type { BinderStep, Telling } from "./steps.ts";

export interface ClaimView {
  readonly claim: PersistentVolumeClaim;
  /** The one that the claim names; when it names none, the best that there is for it. */
  readonly volume: PersistentVolume | undefined;
  /** The class of the claim. */
  readonly storageClass: StorageClass | undefined;
  /** What claims without a class get; undefined: there is no default class. */
  readonly defaultClass: string | undefined;
  /** The names of pods that use the claim and are on no node yet. */
  readonly waitingPods: readonly string[];
}

type ClaimPlan = Plan<BinderStep>;

/** Events are kept for an hour: a claim that waits says again why. */
const TELL_AGAIN_MS = 600_000;

/** What becomes of a claim (upstream syncClaim). */
export function planClaim(view: ClaimView, now: number): Plan<BinderStep> {
  const plan = planNow(view);
  return plan.steps.some(({ type }) => type === "tell") ? { ...plan, requeueAt: now + TELL_AGAIN_MS } : plan;
}

function planNow(view: ClaimView): ClaimPlan {
  const { claim } = view;
  if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return planBound(view);
  return claim.spec?.volumeName ? planRequested(view, claim.spec.volumeName) : planUnbound(view);
}

/** All that is still to be done until both sides name each other. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, because: string): ClaimPlan {
  const steps: BinderStep[] = [];
  if (!isReserved(volume, claim)) steps.push({ type: "reserve", volume, claim });
  if (volume.status?.phase !== "Bound") steps.push({ type: "volume-phase", volume, phase: "Bound" });
  if (!isComplete(claim, volume)) steps.push({ type: "bind-claim", claim, volume });
  if (claimInPhase(claim, "Bound", volume) !== claim) {
    steps.push({ type: "claim-phase", claim, phase: "Bound", volume });
  }
  return { steps, because };
}

function wait(claim: PersistentVolumeClaim, because: string, telling?: Telling): ClaimPlan {
  const steps: BinderStep[] = telling ? [{ type: "tell", about: claim, telling }] : [];
  if (claimInPhase(claim, "Pending") !== claim) steps.push({ type: "claim-phase", claim, phase: "Pending" });
  return { steps, because };
}

function planUnbound({ claim, volume, storageClass, defaultClass, waitingPods }: ClaimView): ClaimPlan {
  if (volume) return bind(claim, volume, `the volume ${volume.metadata.name} is for it, or fits it best`);
  const className = storageClassNameOf(claim);
  if (className === undefined && defaultClass !== undefined) {
    const steps = [{ type: "set-class", claim, className: defaultClass }] as const;
    return { steps, because: "it names no class, and there is a default one" };
  }
  const isDelayed = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  if (isDelayed && claim.metadata.annotations?.[SELECTED_NODE] === undefined) {
    return wait(claim, "the scheduler is to choose a node first", delay(waitingPods));
  }
  if (className) return provision(claim, className, storageClass);
  return wait(claim, "nothing fits it, and nothing makes volumes for it", {
    level: "Normal",
    reason: "FailedBinding",
    message: "no persistent volumes available for this claim and no storage class is set",
  });
}

function delay(pods: readonly string[]): Telling {
  if (pods.length === 0) {
    const message = "waiting for first consumer to be created before binding";
    return { level: "Normal", reason: "WaitForFirstConsumer", message };
  }
  const message = `waiting for ${pods.length > 1 ? "pods" : "pod"} ${pods.join(",")} to be scheduled`;
  return { level: "Normal", reason: "WaitForPodScheduled", message };
}

function provision(claim: PersistentVolumeClaim, className: string, storageClass: StorageClass | undefined): ClaimPlan {
  const failed = (message: string): ClaimPlan => {
    const telling = { level: "Warning", reason: "ProvisioningFailed", message } as const;
    return { steps: [{ type: "tell", about: claim, telling }], because: message };
  };
  if (!storageClass) return failed(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  if (provisioner.startsWith("kubernetes.io/")) return failed(`no volume plugin matched name: ${provisioner}`);
  const telling: Telling = {
    level: "Normal",
    reason: "ExternalProvisioning",
    message: `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  };
  const isAsked = claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner;
  const asking: readonly BinderStep[] = isAsked ? [] : [{ type: "ask-provisioner", claim, provisioner }];
  return { steps: [...asking, { type: "tell", about: claim, telling }], because: `${provisioner} makes its volume` };
}

/** The user, or the scheduler, has named the volume. */
function planRequested({ claim, volume }: ClaimView, volumeName: string): ClaimPlan {
  if (!volume) return wait(claim, `the volume ${volumeName} that it names is not there`);
  if (!volume.spec?.claimRef) {
    const mismatch = mismatchOf(volume, claim);
    if (mismatch === undefined) return bind(claim, volume, "it names a free volume");
    const message = `Cannot bind to requested volume "${volumeName}": ${mismatch}`;
    return wait(claim, mismatch, { level: "Warning", reason: "VolumeMismatch", message });
  }
  if (isBoundTo(volume, claim)) return bind(claim, volume, "it names a volume that is reserved for it");
  const message = `volume "${volumeName}" already bound to a different claim.`;
  const telling = { level: "Warning", reason: "FailedBinding", message } as const;
  // The controller never names a volume for a claim that is not its own: only a user can have done this.
  if (claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined) return wait(claim, message, telling);
  return { steps: [{ type: "tell", about: claim, telling }], because: message };
}

/** Why the claim cannot have the volume that it names (upstream checkVolumeSatisfyClaim). */
function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const { spec = {} } = volume;
  const wanted = claim.spec ?? {};
  if (volume.metadata.deletionTimestamp !== undefined) {
    return `the volume is marked for deletion "${volume.metadata.name}"`;
  }
  const [size, request] = [spec.capacity?.["storage"], wanted.resources?.requests?.["storage"]].map((text) =>
    parseQuantity(text ?? "0"),
  );
  if (compareQuantities(size!, request!) < 0) return "requested PV is too small";
  if ((storageClassNameOf(volume) ?? "") !== (storageClassNameOf(claim) ?? ""))
    return "storageClassName does not match";
  if ((wanted.volumeAttributesClassName ?? "") !== (spec.volumeAttributesClassName ?? "")) {
    return "volumeAttributesClassName does not match";
  }
  if ((wanted.volumeMode ?? "Filesystem") !== (spec.volumeMode ?? "Filesystem")) return "incompatible volumeMode";
  const hasModes = (wanted.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode));
  return hasModes ? undefined : "incompatible accessMode";
}

/** Its binding was complete once. */
function planBound({ claim, volume }: ClaimView): ClaimPlan {
  const lost = (reason: string, message: string): ClaimPlan => {
    if (claim.status?.phase === "Lost") return { steps: [], because: "it is known to be lost" };
    const telling = { level: "Warning", reason, message } as const;
    return { steps: [{ type: "claim-phase", claim, phase: "Lost", telling }], because: message };
  };
  if (!claim.spec?.volumeName) {
    const message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
    return lost("ClaimLost", message);
  }
  if (!volume) return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  if (!volume.spec?.claimRef || volume.spec.claimRef.uid === claim.metadata.uid) {
    return bind(claim, volume, "it is bound");
  }
  return lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
}
