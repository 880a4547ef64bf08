import {
  dnsLabel,
  sameJson,
  type ObjectMeta,
  type Pod,
  type PodAffinityTerm,
  type PodSpec,
  type PodTemplateSpec,
} from "#objects";
import { fractionalBytes } from "../volume-claim-warnings.ts";
import { deprecatedNodeLabel, nodeLabelsInTerm } from "./node-labels.ts";
import { containersOf, type AnyContainer } from "./validation/context.ts";
import { portWarnings } from "./port-warnings.ts";
import { volumeWarnings } from "./volume-warnings.ts";

/** Annotations that do nothing any more, and what took their place. */
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

/** Source: upstream pkg/api/pod GetWarningsForPod. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (!pod.spec || (old && sameJson(pod.spec, old.spec) && sameAnnotations(pod.metadata, old.metadata))) return [];
  const name = pod.metadata.name ?? "";
  const nameErrors = old ? [] : dnsLabel(name);
  return [
    ...(nameErrors.length > 0
      ? [
          `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${nameErrors.join(" ")}]`,
        ]
      : []),
    ...specWarnings(pod.spec, pod.metadata, ""),
  ];
}

/** The same for a template that stands at `path`; nothing for one that did not change. */
export function templateWarnings(
  template: PodTemplateSpec | undefined,
  old: PodTemplateSpec | undefined,
  path: string,
): string[] {
  if (!template?.spec || (old && sameJson(template, old))) return [];
  return specWarnings(template.spec, template.metadata, `${path}.`);
}

/** For kinds that name pods after themselves. */
export function workloadNameWarnings({ name = "" }: ObjectMeta): string[] {
  const errors = dnsLabel(name);
  return errors.length === 0
    ? []
    : [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${errors.join(" ")}]`,
      ];
}

function sameAnnotations(a: ObjectMeta, b: ObjectMeta): boolean {
  return sameJson(a.annotations, b.annotations);
}

function specWarnings(spec: PodSpec, meta: ObjectMeta | undefined, prefix: string): string[] {
  const path = `${prefix}spec`;
  const annotations = meta?.annotations ?? {};
  const containers = containersOf(spec, path);
  return [
    ...nodeLabelWarnings(spec, path),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
      const at = `${path}.topologySpreadConstraints[${i}]`;
      const old = deprecatedNodeLabel(topologyKey);
      return [
        ...(old ? [`${at}.topologyKey: ${topologyKey} is ${old}`] : []),
        ...(labelSelector ? [] : [`${at}.labelSelector: a null labelSelector results in matching no pod`]),
      ];
    }),
    ...Object.keys(OLD_ANNOTATIONS)
      .filter((key) => annotations[key] !== undefined)
      .map((key) => `${prefix}metadata.annotations[${key}]: ${OLD_ANNOTATIONS[key]}`),
    ...volumeWarnings(spec.volumes ?? [], `${path}.volumes`),
    ...duplicates(spec.hostAliases ?? [], "ip", `${path}.hostAliases`),
    ...duplicates(spec.imagePullSecrets ?? [], "name", `${path}.imagePullSecrets`),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, i) =>
      name ? [] : [`${path}.imagePullSecrets[${i}].name: invalid empty name ""`],
    ),
    ...fractionalBytes(spec.overhead, BYTES, `${path}.overhead`),
    ...annotationWarnings(spec, annotations, prefix),
    ...containers.flatMap(([container, at]) => containerWarnings(container, at)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec, `${path}.affinity`),
  ];
}

function nodeLabelWarnings({ nodeSelector, affinity }: PodSpec, path: string): string[] {
  const node = affinity?.nodeAffinity;
  const at = `${path}.affinity.nodeAffinity`;
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  return [
    ...Object.keys(nodeSelector ?? {}).flatMap((key) => {
      const old = deprecatedNodeLabel(key);
      return old ? [`${path}.nodeSelector[${key}]: ${old}`] : [];
    }),
    ...(node?.[required]?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeLabelsInTerm(term, `${at}.${required}.nodeSelectorTerms[${i}]`),
    ),
    ...(node?.[preferred] ?? []).flatMap(({ preference }, i) =>
      nodeLabelsInTerm(preference, `${at}.${preferred}[${i}].preference`),
    ),
  ];
}

/** Profiles that are still named by annotations. */
function annotationWarnings(spec: PodSpec, annotations: Readonly<Record<string, string>>, prefix: string): string[] {
  const warn = (key: string, text: string) =>
    annotations[key] === undefined ? [] : [`${prefix}metadata.annotations[${key}]: ${text}`];
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  const appArmor = 'deprecated since v1.30; use the "appArmorProfile" field instead';
  return [
    ...(seccompProfile ? [] : warn("seccomp.security.alpha.kubernetes.io/pod", seccomp)),
    ...containersOf(spec, "").flatMap(([{ name, securityContext }]) => [
      ...(securityContext?.seccompProfile
        ? []
        : warn(`container.seccomp.security.alpha.kubernetes.io/${name}`, seccomp)),
      // Of a pod itself the field is made from the annotation.
      ...(prefix === "" || appArmorProfile || securityContext?.appArmorProfile
        ? []
        : warn(`container.apparmor.security.beta.kubernetes.io/${name}`, appArmor)),
    ]),
  ];
}

function affinityWarnings({ affinity }: PodSpec, path: string): string[] {
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  const warn = (term: PodAffinityTerm, at: string) =>
    term.labelSelector ? [] : [`${at}.labelSelector: a null labelSelector results in matching no pod`];
  return (["podAffinity", "podAntiAffinity"] as const).flatMap((kind) => [
    ...(affinity?.[kind]?.[required] ?? []).flatMap((term, i) => warn(term, `${path}.${kind}.${required}[${i}]`)),
    ...(affinity?.[kind]?.[preferred] ?? []).flatMap(({ podAffinityTerm }, i) =>
      warn(podAffinityTerm, `${path}.${kind}.${preferred}[${i}].podAffinityTerm`),
    ),
  ]);
}

function duplicates<Key extends string>(
  items: readonly { readonly [K in Key]?: string }[],
  key: Key,
  path: string,
): string[] {
  const seen = new Set<string>();
  return items.flatMap((item, i) => {
    const value = item[key] ?? "";
    if (seen.has(value)) return [`${path}[${i}].${key}: duplicate ${key} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}

function containerWarnings({ resources, env = [] }: AnyContainer, path: string): string[] {
  return [
    ...fractionalBytes(resources?.limits, BYTES, `${path}.resources.limits`),
    ...fractionalBytes(resources?.requests, BYTES, `${path}.resources.requests`),
    ...hiddenVariables(env, `${path}.env`),
  ];
}

const BYTES = ["memory", "ephemeral-storage"];

/** A variable that is set again without use of its former value. */
function hiddenVariables(variables: NonNullable<AnyContainer["env"]>, path: string): string[] {
  const seen = new Set<string>();
  return variables.flatMap(({ name, value = "", valueFrom }, i) => {
    const reference = `$(${name})`;
    const builtUpon = !valueFrom && value !== reference && value.includes(reference);
    if (seen.has(name) && !builtUpon) {
      return [
        `${path}[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      ];
    }
    seen.add(name);
    return [];
  });
}
