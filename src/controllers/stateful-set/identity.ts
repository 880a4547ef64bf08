import {
  STATEFUL_SETS,
  type KubeObject,
  type New,
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
  type Volume,
} from "#objects";
import { controllerReference, podFromTemplate } from "../framework/index.ts";

/** The label of a pod with the name of its revision. */
export const REVISION_LABEL = "controller-revision-hash";
const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";

/** A template of the set's history, and the name of its revision. */
export interface Version {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

const PATTERN = /^(.*)-(\d+)$/s;
const MAX_ORDINAL = 2 ** 31 - 1;

/** The set that a pod belongs to by its name, and its place there; undefined when the name tells neither. */
export function placeOf({ metadata }: KubeObject): { readonly set: string; readonly ordinal: number } | undefined {
  const [, set, digits] = PATTERN.exec(metadata.name ?? "") ?? [];
  const ordinal = Number(digits);
  if (set === undefined || ordinal > MAX_ORDINAL) return undefined;
  return { set, ordinal };
}

/** Whether the pod has a name that the set gives (`web-01` is none). */
export function isMember(set: StatefulSet, pod: Pod): boolean {
  const place = placeOf(pod);
  return place !== undefined && pod.metadata.name === podName(set, place.ordinal);
}

export const ordinalOf = (pod: Pod): number => placeOf(pod)?.ordinal ?? -1;
export const podName = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`;

export const firstOrdinal = ({ spec }: StatefulSet): number => spec?.ordinals?.start ?? 0;
export const replicasOf = ({ spec }: StatefulSet): number => spec?.replicas ?? 1;
export const isWanted = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set) + replicasOf(set);

export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[REVISION_LABEL] ?? "";
export const isOrdered = ({ spec }: StatefulSet): boolean => spec?.podManagementPolicy !== "Parallel";

/** The claim of a template for the pod of an ordinal. */
export const claimName = (template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string =>
  `${template.metadata.name}-${set.metadata.name}-${ordinal}`;

export const claimTemplates = ({ spec }: StatefulSet): readonly PersistentVolumeClaim[] =>
  spec?.volumeClaimTemplates ?? [];

/** The pod of an ordinal, to be created (upstream newStatefulSetPod). */
export function newPod(set: StatefulSet, { name: revision, template }: Version, ordinal: number): New<Pod> {
  const { namespace = "", name: setName = "" } = set.metadata;
  const pod = podFromTemplate(template, namespace, setName, controllerReference(STATEFUL_SETS, set));
  const name = podName(set, ordinal);
  const labels = { ...pod.metadata.labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision };
  const subdomain = set.spec?.serviceName;
  return {
    ...pod,
    metadata: { ...pod.metadata, name, labels },
    spec: {
      containers: [],
      ...pod.spec,
      hostname: name,
      ...(subdomain ? { subdomain } : {}),
      ...withClaims(set, ordinal, pod.spec?.volumes),
    },
  };
}

const identityLabels = (name: string, ordinal: number) => ({
  [POD_NAME_LABEL]: name,
  [POD_INDEX_LABEL]: String(ordinal),
});

/** Volumes with those of the claim templates, which take the place of others of their names. */
function withClaims(set: StatefulSet, ordinal: number, volumes: readonly Volume[] = []) {
  const own = claimTemplates(set).map((template): Volume => ({
    name: template.metadata.name ?? "",
    persistentVolumeClaim: { claimName: claimName(template, set, ordinal) },
  }));
  const names = new Set(own.map(({ name }) => name));
  const all = [...own, ...volumes.filter(({ name }) => !names.has(name))];
  return all.length === 0 ? {} : { volumes: all };
}

/** The pod with the labels and volumes that the set gives it, or undefined when it has them (an adopted one may not). */
export function repaired(set: StatefulSet, pod: Pod): Pod | undefined {
  const ordinal = ordinalOf(pod);
  const { name = "", labels = {} } = pod.metadata;
  const named = labels[POD_NAME_LABEL] === name;
  const stored = claimTemplates(set).every((template) => {
    const volume = pod.spec?.volumes?.find((one) => one.name === template.metadata.name);
    return volume?.persistentVolumeClaim?.claimName === claimName(template, set, ordinal);
  });
  if (named && stored) return undefined;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...labels, ...identityLabels(name, ordinal) } },
    ...(pod.spec ? { spec: { ...pod.spec, ...withClaims(set, ordinal, pod.spec.volumes) } } : {}),
  };
}
