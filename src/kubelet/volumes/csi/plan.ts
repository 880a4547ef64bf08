/** What is known of a volume that a pod is to have. */
export interface MountView {
  readonly needsAttachment: boolean;
  readonly attached: boolean;
  /** The driver makes a volume ready for the node before it does so for a pod. */
  readonly stages: boolean;
  readonly staged: boolean;
  readonly published: boolean;
}

export type MountStep = "wait-for-attachment" | "stage" | "publish" | "done";

/** What is next until the pod has the volume. */
export function nextMountStep(view: MountView): MountStep {
  if (view.needsAttachment && !view.attached) return "wait-for-attachment";
  if (view.stages && !view.staged) return "stage";
  return view.published ? "done" : "publish";
}

/** What is known of a volume that a pod is not to have any more. */
export interface UnmountView {
  /** It is, or may be: the driver was asked to, and did not refuse. */
  readonly published: boolean;
  /** The pod's record of it is on disk. */
  readonly recorded: boolean;
  /** The node's is. */
  readonly staged: boolean;
  readonly usedByOthers: boolean;
}

export type UnmountStep = "unpublish" | "forget" | "unstage" | "done";

/**
 * What is next until nothing is left of it. The record of the pod goes last: a process that dies in between finds what
 * it has still to do.
 */
export function nextUnmountStep(view: UnmountView): UnmountStep {
  if (view.published) return "unpublish";
  if (view.staged && !view.usedByOthers) return "unstage";
  return view.recorded ? "forget" : "done";
}
