/** What a delete request means for an object (rest.BeforeDelete and generic registry Store.Delete). Pure. */
import {
  nextGeneration,
  type Int64,
  draftOf,
  formatTime,
  parseTime,
  type AnyDraft,
  type Draft,
  type KubeObject,
} from "#objects";
import type { DeleteOptions } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { same } from "./equality.ts";

export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

export type DeletionPlan =
  /** It is going already, and this request changes nothing. */
  | { readonly type: "pending" }
  | { readonly type: "remove" }
  /** `thenRemove`: nothing holds it any more. */
  | { readonly type: "update"; readonly draft: AnyDraft; readonly thenRemove: boolean };

/** `now` in milliseconds since the epoch. */
export function planDeletion(
  definition: ResourceDefinition,
  object: KubeObject,
  options: Pick<DeleteOptions, "gracePeriodSeconds" | "propagationPolicy">,
  now: number,
): DeletionPlan {
  const grace = planGrace(definition, object, options.gracePeriodSeconds, now);
  if (grace === "pending") return { type: "pending" };
  const finalizers = finalizersFor(definition, object, options.propagationPolicy);
  const held = finalizers.length > 0 || definition.isHeld?.(object) === true;
  if (!grace && !held) return { type: "remove" };

  const draft = draftOf(object) as AnyDraft;
  const { metadata } = draft;
  if (finalizers.length > 0) metadata.finalizers = [...finalizers];
  else delete metadata.finalizers;
  const begins = metadata.deletionTimestamp === undefined;
  if (begins && (metadata.generation ?? 0) > 0) metadata.generation = nextGeneration(metadata.generation!);
  if (grace) {
    metadata.deletionTimestamp = formatTime(grace.at);
    metadata.deletionGracePeriodSeconds = grace.seconds;
  } else {
    if (begins || parseTime(metadata.deletionTimestamp!)! > now) metadata.deletionTimestamp = formatTime(now);
    // A kind with a hold of its own (Namespace) does without grace seconds.
    if (!definition.isHeld) metadata.deletionGracePeriodSeconds = 0;
  }
  if (begins) definition.prepareForDeletion?.(draft as Draft<KubeObject>);
  const thenRemove = !held && grace?.requested === 0;
  if (!thenRemove && same(draft, object)) return { type: "pending" };
  return { type: "update", draft, thenRemove };
}

interface Grace {
  /** When it is to be gone, milliseconds since the epoch. */
  readonly at: number;
  readonly seconds: Int64;
  readonly requested: Int64;
}

/** The longest span that Go can count, in nanoseconds of 64 bits: 292 years. */
const MAX_SPAN_SECONDS = 9_223_372_036;

/**
 * Seconds that a client asked for, in milliseconds. Upstream's multiplication overflows for more than 292 years and
 * gives any time at all, also one long ago; here the deletion is due in 292 years then.
 */
const spanMs = (seconds: Int64): number => Math.min(Number(seconds), MAX_SPAN_SECONDS) * 1000;

/** Undefined: the kind, or the object, goes without grace. */
function planGrace(
  definition: ResourceDefinition,
  object: KubeObject,
  requestedSeconds: Int64 | undefined,
  now: number,
): Grace | "pending" | undefined {
  const { metadata } = object;
  if (!definition.gracefulDeletion) return undefined;
  const requested = requestedSeconds !== undefined && requestedSeconds < 0 ? 1 : requestedSeconds;
  if (metadata.deletionTimestamp === undefined) {
    const seconds = definition.gracefulDeletion(object, requested);
    return seconds === undefined ? undefined : { at: now + spanMs(seconds), seconds, requested: seconds };
  }
  const present = metadata.deletionGracePeriodSeconds ?? 0;
  if (present === 0) return undefined;
  const current = present < 0 ? 1 : present;
  // A deletion in progress can only be made shorter.
  if (requested === undefined || requested >= current) return "pending";
  const at = (parseTime(metadata.deletionTimestamp) ?? now) - spanMs(current) + spanMs(requested);
  if (at >= now) return { at, seconds: requested, requested };
  // All of it is over: the kubelet that finishes the deletion still sees that it was shortened.
  return { at: now, seconds: requested === 0 ? 0 : 1, requested };
}

/** The object's finalizers with the garbage collector's two as the request, else the object, else the kind wants them. */
export function finalizersFor(
  definition: ResourceDefinition,
  object: KubeObject,
  policy: DeleteOptions["propagationPolicy"],
): readonly string[] {
  const present = object.metadata.finalizers ?? [];
  // Objects that vanish by themselves are no owners, and never collected (rest.Unsupported).
  if (definition.ttlMs !== undefined) return present.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const wanted = wantedFinalizer(definition, present, policy);
  const rest = present.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const finalizers = wanted ? [...rest, wanted] : rest;
  // The same set is left in the order that it has.
  return finalizers.length === present.length && finalizers.every((name) => present.includes(name))
    ? present
    : finalizers;
}

function wantedFinalizer(
  definition: ResourceDefinition,
  present: readonly string[],
  policy: DeleteOptions["propagationPolicy"],
): string | undefined {
  if (policy === "Orphan") return ORPHAN;
  if (policy === "Foreground") return FOREGROUND;
  if (policy === "Background") return undefined;
  const already = present.find((name) => name === ORPHAN || name === FOREGROUND);
  if (already) return already;
  return definition.defaultPropagation === "Orphan" ? ORPHAN : undefined;
}

/** Whether an update lets go of an object that waits to be deleted (generic registry ShouldDeleteDuringUpdate). */
export function isReleased(definition: ResourceDefinition, draft: AnyDraft, old: KubeObject): boolean {
  return (
    (draft.metadata.finalizers ?? []).length === 0 &&
    old.metadata.deletionTimestamp !== undefined &&
    (old.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    definition.isHeld?.(draft as KubeObject) !== true
  );
}
