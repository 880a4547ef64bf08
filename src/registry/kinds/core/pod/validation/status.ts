import {
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  isSidecar,
  parseIp,
  qualifiedName,
  validateLegacyIp,
  type ContainerStatus,
  type FieldError,
  type Pod,
} from "#objects";
import { each, unchanged } from "../../../common/checks.ts";
import { validatePodAnnotationsUpdate } from "./annotations.ts";

/** Source: upstream ValidatePodStatusUpdate. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {} } = pod;
  const before = old.status ?? {};
  const restartPolicy = old.spec?.restartPolicy;
  const sidecars = new Set((old.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const initStatuses = before.initContainerStatuses?.filter(({ name }) => !sidecars.has(name));
  return [
    ...validatePodAnnotationsUpdate(pod.metadata.annotations, old.metadata.annotations, "metadata.annotations"),
    ...validateConditions(status.conditions ?? [], "metadata.conditions"),
    ...(pod.spec?.nodeName === old.spec?.nodeName ? [] : [forbidden("status.nodeName", "may not be changed directly")]),
    ...(status.nominatedNodeName && status.nominatedNodeName !== before.nominatedNodeName
      ? each("status.nominatedNodeName", status.nominatedNodeName, dnsSubdomain(status.nominatedNodeName))
      : []),
    ...unchanged("status.qosClass", status.qosClass, before.qosClass),
    ...validateTransitions(
      status.containerStatuses,
      before.containerStatuses,
      restartPolicy,
      "status.containerStatuses",
    ),
    ...validateTransitions(status.initContainerStatuses, initStatuses, restartPolicy, "status.initContainerStatuses"),
    ...validateTransitions(
      status.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      "Never",
      "status.ephemeralContainerStatuses",
    ),
    ...validateClaimStatuses(pod, "status.resourceClaimStatuses"),
    ...validateIps(status.podIPs ?? [], "status.podIPs"),
    ...validateHostIps(pod),
  ];
}

const OWN_CONDITIONS = new Set(["PodScheduled", "Ready", "Initialized"]);

function validateConditions(conditions: readonly { readonly type: string }[], path: string): FieldError[] {
  return conditions.flatMap(({ type }, i) =>
    OWN_CONDITIONS.has(type) ? [] : each(`${path}[${i}].Type`, type, qualifiedName(type)),
  );
}

/** What has ended for good does not start again. Source: upstream ValidateContainerStateTransition. */
function validateTransitions(
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  restartPolicy: string | undefined,
  path: string,
): FieldError[] {
  if (restartPolicy === "Always") return [];
  const running = new Set(statuses.filter(({ state }) => !state?.terminated).map(({ name }) => name));
  return old.flatMap(({ name, state }, i) => {
    if (!state?.terminated) return [];
    if (state.terminated.exitCode !== 0 && restartPolicy === "OnFailure") return [];
    return running.has(name)
      ? [forbidden(`${path}[${i}].state`, "may not be transitioned to non-terminated state")]
      : [];
  });
}

function validateClaimStatuses({ spec, status }: Pod, path: string): FieldError[] {
  const claims = new Set((spec?.resourceClaims ?? []).map(({ name }) => name));
  const names = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, i) => {
    const at = `${path}[${i}].name`;
    const errors: FieldError[] = [];
    if (!claims.has(name)) {
      errors.push(invalid(at, name, "must match the name of an entry in `spec.resourceClaims`"));
    }
    if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    if (resourceClaimName !== undefined) errors.push(...each(at, resourceClaimName, dnsSubdomain(resourceClaimName)));
    return errors;
  });
}

/** At most one address of each family. Source: upstream validatePodIPs. */
function validateIps(ips: readonly { readonly ip: string }[], path: string): FieldError[] {
  const errors = ips.flatMap(({ ip }, i) => validateLegacyIp(ip, `${path}[${i}]`));
  if (ips.length < 2) return errors;
  const families = new Set(ips.map(({ ip }) => parseIp(ip)?.family));
  if (ips.length > 2 || families.size < 2) {
    errors.push(invalid(path, ips, "may specify no more than one IP for each IP family"));
  }
  const seen = new Set<string>();
  for (const [i, address] of ips.entries()) {
    if (seen.has(address.ip)) errors.push(duplicate(`${path}[${i}]`, address));
    seen.add(address.ip);
  }
  return errors;
}

function validateHostIps({ status }: Pod): FieldError[] {
  const ips = status?.hostIPs ?? [];
  const first = ips[0];
  if (!first) return [];
  return [
    ...(first.ip === status?.hostIP ? [] : [invalid("status.hostIPs[0].ip", first.ip, "must be equal to `hostIP`")]),
    ...validateIps(ips, "status.hostIPs"),
  ];
}
