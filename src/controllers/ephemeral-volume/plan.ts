import { PODS, type New, type PersistentVolumeClaim, type Pod } from "#objects";
import { controllerOf, controllerReference, type Plan } from "../framework/index.ts";

export interface EphemeralView {
  readonly pod: Pod;
  /** The claims of the pod's namespace that have the names of its ephemeral volumes' claims. */
  readonly claims: readonly PersistentVolumeClaim[];
}

export type EphemeralStep =
  | { readonly type: "create"; readonly pod: Pod; readonly volume: string; readonly claim: New<PersistentVolumeClaim> }
  /** The claim's name is taken. What follows is not done before that has changed. */
  | { readonly type: "refuse"; readonly pod: Pod; readonly volume: string; readonly message: string };

/** Makes the claims of generic ephemeral volumes, in the order of the volumes (upstream's ephemeral volume controller). */
export function planEphemeral({ pod, claims }: EphemeralView): Plan<EphemeralStep> {
  if (pod.metadata.deletionTimestamp !== undefined) return { steps: [], because: "the pod is being deleted" };
  const { namespace = "", name: podName = "", uid } = pod.metadata;
  const steps: EphemeralStep[] = [];
  for (const { name: volume, ephemeral } of pod.spec?.volumes ?? []) {
    if (!ephemeral) continue;
    const name = `${podName}-${volume}`;
    const known = claims.find(({ metadata }) => metadata.name === name);
    if (!known) {
      const { metadata, spec } = ephemeral.volumeClaimTemplate ?? {};
      const { labels, annotations } = metadata ?? {};
      const claim: New<PersistentVolumeClaim> = {
        metadata: {
          namespace,
          name,
          ...(labels ? { labels } : {}),
          ...(annotations ? { annotations } : {}),
          ownerReferences: [controllerReference(PODS, pod)],
        },
        ...(spec ? { spec } : {}),
      };
      steps.push({ type: "create", pod, volume, claim });
    } else if (controllerOf(known)?.uid !== uid) {
      const message = `PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`;
      return { steps: [...steps, { type: "refuse", pod, volume, message }], because: message };
    }
  }
  return { steps, because: `${steps.length} claims are to be made` };
}
