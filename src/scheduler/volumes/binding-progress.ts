import {
  isClaimBound,
  nodesOfVolume,
  SELECTED_NODE,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";

/** A claim that was decided about, as the API shows it now. */
export interface BindingView {
  readonly nodeName: string;
  readonly node: Node | undefined;
  /** Whether the pod is still there. */
  readonly podExists: boolean;
  /** Volumes that were given to claims. */
  readonly volumes: readonly {
    readonly name: string;
    /** `namespace/name`. */
    readonly claimKey: string;
    readonly volume: PersistentVolume | undefined;
    readonly claim: PersistentVolumeClaim | undefined;
    /** Whether the view shows what was written. */
    readonly seen: boolean;
  }[];
  /** Claims that get a new volume. */
  readonly claims: readonly {
    /** `namespace/name`. */
    readonly key: string;
    readonly claim: PersistentVolumeClaim | undefined;
    /** Undefined: it has none, or the view does not show it yet. */
    readonly volume: PersistentVolume | undefined;
    readonly seen: boolean;
  }[];
}

export type BindingProgress =
  | { readonly type: "bound" | "waiting" }
  /** The pod needs a new decision. */
  | { readonly type: "failed"; readonly message: string };

const WAITING: BindingProgress = { type: "waiting" };
const failed = (message: string): BindingProgress => ({ type: "failed", message });

/** How far the binding of a pod's claims has come (upstream checkBindings). */
export function bindingProgress({ nodeName, node, podExists, volumes, claims }: BindingView): BindingProgress {
  if (!node) return failed(`failed to get node ${quote(nodeName)}: node ${quote(nodeName)} not found`);
  if (!podExists) return failed("pod does not exist any more");
  for (const { name, claimKey, volume, claim, seen } of volumes) {
    if (!volume) return failed(`failed to check binding: could not find v1.PersistentVolume ${quote(name)}`);
    if (!claim) return failed(`failed to check binding: could not find v1.PersistentVolumeClaim ${quote(claimKey)}`);
    if (!seen) return WAITING;
    const unreachable = unreachableFrom(volume, node);
    if (unreachable) return unreachable;
    if (!volume.spec?.claimRef?.uid) return failed(`ClaimRef got reset for pv ${quote(name)}`);
    if (!isClaimBound(claim)) return WAITING;
  }
  for (const { key, claim, volume, seen } of claims) {
    if (!claim)
      return failed(`failed to check provisioning pvc: could not find v1.PersistentVolumeClaim ${quote(key)}`);
    if (!seen) return WAITING;
    const { name = "", annotations } = claim.metadata;
    if (!annotations) return failed(`selectedNode annotation reset for PVC ${quote(name)}`);
    // A provisioner that can make no volume for the node takes the annotation away.
    if (annotations[SELECTED_NODE] !== nodeName) return failed(`provisioning failed for PVC ${quote(name)}`);
    if (claim.spec?.volumeName) {
      if (!volume) return WAITING;
      const unreachable = unreachableFrom(volume, node);
      if (unreachable) return unreachable;
    }
    if (!isClaimBound(claim)) return WAITING;
  }
  return { type: "bound" };
}

function unreachableFrom(volume: PersistentVolume, node: Node): BindingProgress | undefined {
  const reaches = nodesOfVolume(volume);
  if (!reaches || reaches(node)) return undefined;
  const names = `pv ${quote(volume.metadata.name ?? "")} node affinity doesn't match node`;
  return failed(`${names} ${quote(node.metadata.name ?? "")}: no matching NodeSelectorTerms`);
}

const quote = (text: string) => JSON.stringify(text);
