import {
  type Int64,
  byteLength,
  dnsLabel,
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  mustBeBetween,
  qualifiedName,
  required,
  tooLong,
  validateLabels,
  type FieldError,
  type PodResourceClaim,
  type PodSpec,
} from "#objects";
import { each, requiredOneOf } from "../../../common/checks.ts";
import { validateAffinity } from "./affinity.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers } from "./containers.ts";
import type { ContainerContext, PodSpecRules } from "./context.ts";
import { validateDnsConfig, validateHostAliases } from "./dns.ts";
import { validateOs } from "./os.ts";
import { validateContainerResources, validatePodResources } from "./resources.ts";
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from "./scheduling.ts";
import { validateHostUsers, validatePodSecurityContext } from "./security.ts";
import { checkVolumes } from "./volumes.ts";
import { validateHostProcess } from "./windows.ts";

const MAX_SECONDS = 2 ** 31 - 1;
const DNS_POLICIES = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];

/** Everything wrong with a pod's spec, in upstream's order. Source: upstream ValidatePodSpec. */
export function validatePodSpec(spec: PodSpec, path: string, rules: PodSpecRules): FieldError[] {
  const volumes = checkVolumes(spec.volumes ?? [], `${path}.volumes`, rules);
  const context: ContainerContext = {
    volumes: volumes.mountable,
    claims: new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter(Boolean)),
    gracePeriod: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  return [
    ...(spec.terminationGracePeriodSeconds === undefined ? [required(`${path}.terminationGracePeriodSeconds`)] : []),
    ...volumes.errors,
    ...validateResourceClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    ...validateContainers(spec.containers ?? [], `${path}.containers`, context),
    ...validateInitContainers(spec, `${path}.initContainers`, context),
    ...validateEphemeralContainers(spec, `${path}.ephemeralContainers`, context),
    ...validatePodResources(spec, `${path}.resources`),
    ...validateHostNetworkPorts(spec, path, rules),
    ...requiredOneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "Never", "OnFailure"]),
    ...requiredOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
    ...(spec.affinity ? validateAffinity(spec.affinity, `${path}.affinity`) : []),
    ...validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      each(`${path}.readinessGates[${i}].conditionType`, conditionType, qualifiedName(conditionType ?? "")),
    ),
    ...validateSchedulingGates(spec.schedulingGates ?? [], `${path}.schedulingGates`),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateHostProcess(spec, path),
    ...validateHostUsers(spec, path),
    ...named(`${path}.serviceAccountName`, spec.serviceAccountName, dnsSubdomain),
    ...named(`${path}.nodeName`, spec.nodeName, dnsSubdomain),
    ...validateDeadline(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`),
    ...named(`${path}.hostname`, spec.hostname, dnsLabel),
    ...named(`${path}.subdomain`, spec.subdomain, dnsLabel),
    ...validateHostnameOverride(spec, path),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...named(`${path}.priorityClassName`, spec.priorityClassName, dnsSubdomain),
    ...named(`${path}.runtimeClassName`, spec.runtimeClassName, dnsSubdomain),
    ...(spec.preemptionPolicy === undefined
      ? []
      : requiredOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ["Never", "PreemptLowerPriority"])),
    ...(spec.overhead ? validateOverhead(spec.overhead, `${path}.overhead`) : []),
    ...named(`${path}.schedulingGroup.podGroupName`, spec.schedulingGroup?.podGroupName, dnsSubdomain),
    ...validateOs(spec, path),
  ];
}

function named(path: string, value: string | undefined, rule: (value: string) => readonly string[]): FieldError[] {
  return value ? each(path, value, rule(value)) : [];
}

function validateDeadline(seconds: Int64 | undefined, path: string): FieldError[] {
  return seconds !== undefined && (seconds < 1 || seconds > MAX_SECONDS)
    ? [invalid(path, seconds, mustBeBetween(1, MAX_SECONDS))]
    : [];
}

/** Overhead is checked as if it were a container's limits. */
function validateOverhead(overhead: Readonly<Record<string, string>>, path: string): FieldError[] {
  return validateContainerResources({ limits: overhead }, new Set(), path);
}

const MAX_HOSTNAME = 64;

function validateHostnameOverride(spec: PodSpec, path: string): FieldError[] {
  const { hostnameOverride } = spec;
  if (!hostnameOverride) return [];
  const at = `${path}.hostnameOverride`;
  return [
    ...(byteLength(hostnameOverride) > MAX_HOSTNAME ? [tooLong(at, "", MAX_HOSTNAME)] : []),
    ...each(at, hostnameOverride, dnsSubdomain(hostnameOverride)),
    ...(spec.setHostnameAsFQDN
      ? [forbidden(`${path}.setHostnameAsFQDN`, "may not be true when `hostnameOverride` is set")]
      : []),
    ...(spec.hostNetwork ? [forbidden(at, "may not be set when `hostNetwork` is true")] : []),
  ];
}

/** On the host's network a container's port is the host's. Source: upstream validatePodHostNetworkDeps. */
function validateHostNetworkPorts(spec: PodSpec, path: string, { isPod }: PodSpecRules): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [
            invalid(
              `${path}.containers[${i}].ports[${j}].hostPort`,
              hostPort,
              "must match `containerPort` when `hostNetwork` is true",
            ),
          ]
        : [],
    ),
  );
}

/** Source: upstream validatePodResourceClaims. */
function validateResourceClaims(claims: readonly PodResourceClaim[], path: string): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, i) => {
    const at = `${path}[${i}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else errors.push(...each(`${at}.name`, name, dnsLabel(name)));
    names.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
      errors.push(invalid(at, claim, detail));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      errors.push(invalid(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    }
    for (const field of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
      const value = claim[field];
      if (value !== undefined) errors.push(...each(`${at}.${field}`, value, dnsSubdomain(value)));
    }
    return errors;
  });
}
