import {
  SELECTED_NODE,
  PROVISIONED_BY,
  STORAGE_PROVISIONER,
  storageClassNameOf,
  type New,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  type TopologySelectorTerm,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { LOCAL_PROVISIONER } from "./port.ts";

/** Keeps a volume until its data is removed (upstream's external provisioners). */
export const DATA_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";
const HOSTNAME = "kubernetes.io/hostname";

export interface ProvisionView {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  /** Nodes that take pods; where the scheduler has chosen one, that alone, if it is there. */
  readonly nodes: readonly Node[];
  /** Whether the claim's volume is there already. */
  readonly isMade: boolean;
}

export type ProvisionStep =
  /** Makes the directory on the node, then the volume with its path in `spec.local`. */
  | {
      readonly type: "make";
      readonly claim: PersistentVolumeClaim;
      readonly node: string;
      /** Without the path, which the node tells. */
      readonly volume: New<PersistentVolume>;
    }
  | { readonly type: "refuse"; readonly claim: PersistentVolumeClaim; readonly message: string }
  /** The node that the scheduler has chosen will not do: it is to choose again. */
  | { readonly type: "reschedule"; readonly claim: PersistentVolumeClaim };

/** The name of the volume that is made for a claim, as upstream's provisioners name it. */
export const volumeNameFor = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid ?? ""}`;

/** Whether the claim waits for this provisioner. */
export const isAsked = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  metadata.annotations?.[STORAGE_PROVISIONER] === LOCAL_PROVISIONER && !spec?.volumeName;

/** Nodes come and go, and a class may be seen later than its claims: so soon it is looked at again. */
const LOOK_AGAIN_MS = 15_000;
/** Events are kept for an hour: what cannot be done says again why. */
const TELL_AGAIN_MS = 600_000;

/** Makes the volume that the binder asks for (as sig-storage-lib-external-provisioner does). */
export function planProvision({ claim, storageClass, nodes, isMade }: ProvisionView, now: number): Plan<ProvisionStep> {
  const nothing = (because: string): Plan<ProvisionStep> => ({ steps: [], because });
  if (!isAsked(claim)) return nothing("it does not wait for this provisioner");
  if (isMade) return nothing("its volume is there");
  if (!storageClass) return { ...nothing("its class is not there"), requeueAt: now + LOOK_AGAIN_MS };
  if (storageClass.provisioner !== LOCAL_PROVISIONER) return nothing("its class has another provisioner");
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  if (storageClass.volumeBindingMode === "WaitForFirstConsumer" && selected === undefined) {
    return nothing("the scheduler is to choose a node first");
  }
  const problem = problemOf(claim, storageClass);
  if (problem !== undefined) return { ...refuse(claim, storageClass, problem), requeueAt: now + TELL_AGAIN_MS };
  const node = nodes.find(({ metadata }) => allows(storageClass.allowedTopologies, metadata.labels));
  if (!node) {
    const message =
      selected === undefined ? "no node can have the volume" : `node "${selected}" cannot have the volume`;
    const plan = refuse(claim, storageClass, message);
    if (selected === undefined) return { ...plan, requeueAt: now + LOOK_AGAIN_MS };
    return { ...plan, steps: [...plan.steps, { type: "reschedule", claim }] };
  }
  const { name = "" } = node.metadata;
  return {
    steps: [{ type: "make", claim, node: name, volume: volumeFor(claim, storageClass, node) }],
    because: `${selected === undefined ? "the first node that can have it" : "the scheduler's choice"} is ${name}`,
  };
}

function refuse(claim: PersistentVolumeClaim, { metadata }: StorageClass, why: string): Plan<ProvisionStep> {
  const message = `failed to provision volume with StorageClass "${metadata.name}": ${why}`;
  return { steps: [{ type: "refuse", claim, message }], because: why };
}

/** What a directory cannot do. */
function problemOf({ spec = {} }: PersistentVolumeClaim, { parameters = {} }: StorageClass): string | undefined {
  if (spec.selector) return "claim Selector is not supported";
  if (spec.volumeMode === "Block") return "block volumes are not supported";
  if (spec.dataSource || spec.dataSourceRef) return "data sources are not supported";
  if (spec.volumeAttributesClassName) return "VolumeAttributesClasses are not supported";
  const [unknown] = Object.keys(parameters);
  return unknown === undefined ? undefined : `invalid option "${unknown}" for provisioner ${LOCAL_PROVISIONER}`;
}

/** Whether a class lets its volumes be on a node with these labels. */
function allows(
  terms: readonly TopologySelectorTerm[] | undefined,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  if (!terms || terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? "")),
  );
}

function volumeFor(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node): New<PersistentVolume> {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = claim.metadata;
  const { accessModes, resources } = claim.spec ?? {};
  const policy = storageClass.reclaimPolicy ?? "Delete";
  const { mountOptions } = storageClass;
  const hostname = node.metadata.labels?.[HOSTNAME] ?? node.metadata.name ?? "";
  return {
    metadata: {
      name: volumeNameFor(claim),
      annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER },
      ...(policy === "Delete" ? { finalizers: [DATA_FINALIZER] } : {}),
    },
    spec: {
      capacity: { storage: resources?.requests?.["storage"] ?? "0" },
      ...(accessModes ? { accessModes } : {}),
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion },
      persistentVolumeReclaimPolicy: policy,
      storageClassName: storageClassNameOf(claim) ?? "",
      volumeMode: "Filesystem",
      ...(mountOptions ? { mountOptions } : {}),
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: "In", values: [hostname] }] }],
        },
      },
    },
  };
}
