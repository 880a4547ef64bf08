import { DAEMON_SETS, type Affinity, type DaemonSet, type New, type NodeSelector, type Pod } from "#objects";
import { controllerReference, podFromTemplate } from "../framework/index.ts";
import { daemonTolerations } from "./placement.ts";

/** The label with the hash of the revision that a pod was made from. */
export const REVISION_HASH = "controller-revision-hash";
/** The label with the number of the template, which clients of old versions of the API knew. */
const TEMPLATE_GENERATION = "pod-template-generation";
/** The annotation of the DaemonSet that counts its templates. */
const SET_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** The number of the set's template; undefined when it has none that can be read. */
export function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[SET_TEMPLATE_GENERATION];
  return text !== undefined && /^[+-]?\d{1,19}$/.test(text) ? String(BigInt(text.replace("+", ""))) : undefined;
}

/** Whether the pod is of the present template: by the hash of the revision, or by the template's number. */
export function isUpdated({ metadata }: Pod, hash: string, generation: string | undefined): boolean {
  const labels = metadata.labels ?? {};
  return labels[REVISION_HASH] === hash || (generation !== undefined && labels[TEMPLATE_GENERATION] === generation);
}

/**
 * A pod of the set for a node, to be created. The scheduler binds it, to no other node: what node affinity the template
 * requires holds there already, and is replaced (upstream ReplaceDaemonSetPodNodeNameNodeAffinity).
 */
export function daemonPod(set: DaemonSet, node: string, hash: string): New<Pod> {
  const { name = "", namespace = "" } = set.metadata;
  const { template } = set.spec!;
  const generation = templateGeneration(set);
  const labels = {
    ...template.metadata?.labels,
    ...(generation === undefined ? {} : { [TEMPLATE_GENERATION]: generation }),
    [REVISION_HASH]: hash,
  };
  return podFromTemplate(
    {
      metadata: { ...template.metadata, labels },
      spec: {
        ...template.spec!,
        tolerations: daemonTolerations(template),
        affinity: boundTo(node, template.spec?.affinity),
      },
    },
    namespace,
    name,
    controllerReference(DAEMON_SETS, set),
  );
}

function boundTo(node: string, affinity: Affinity | undefined): Affinity {
  const byName: NodeSelector = {
    nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
  };
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: byName },
  };
}

/** The node that the pod runs on or is meant for; undefined for one that names none (upstream GetTargetNodeName). */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === "metadata.name" && operator === "In") return values.length === 1 ? values[0] : undefined;
    }
  }
  return undefined;
}
