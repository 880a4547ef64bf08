import {
  type Int64,
  byteLength,
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  unixId,
  type AppArmorProfile,
  type FieldError,
  type PodSecurityContext,
  type PodSpec,
  type SeccompProfile,
  type SecurityContext,
} from "#objects";
import { each, optionalOneOf } from "../../../common/checks.ts";
import { validateDescending } from "./paths.ts";
import { validateWindowsOptions } from "./windows.ts";

const PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

/** Of a container. Source: upstream ValidateSecurityContext. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
): FieldError[] {
  if (!context) return [];
  const errors = [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...optionalOneOf(`${path}.procMount`, context.procMount, ["Default", "Unmasked"]),
  ];
  if (hostUsers && context.procMount === "Unmasked") {
    errors.push(invalid(`${path}.procMount`, context.procMount, "`hostUsers` must be false to use `Unmasked`"));
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.push(invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      const detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
      errors.push(invalid(path, context, detail));
    }
  }
  return [
    ...errors,
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

/** Of a pod. Source: upstream validatePodSpecSecurityContext. */
export function validatePodSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const errors = [
    ...validateId(context.fsGroup, `${path}.fsGroup`),
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, i) => validateId(group, `${path}.supplementalGroups[${i}]`)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalid(`${path}.shareProcessNamespace`, true, detail));
  }
  return [
    ...errors,
    ...validateSysctls(context, spec, `${path}.sysctls`),
    ...optionalOneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
    ...optionalOneOf(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ["Merge", "Strict"]),
    ...optionalOneOf(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ["MountOption", "Recursive"]),
  ];
}

function validateId(id: Int64 | undefined, path: string): FieldError[] {
  return id === undefined ? [] : each(path, id, unixId(id));
}

const SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL_REGEXP = new RegExp(SYSCTL);
const MAX_SYSCTL = 253;

function validateSysctls({ sysctls = [] }: PodSecurityContext, spec: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(at));
    else if (name.length > MAX_SYSCTL || !SYSCTL_REGEXP.test(name)) {
      errors.push(invalid(at, name, `must have at most ${MAX_SYSCTL} characters and match regex ${SYSCTL}`));
    } else if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    const namespace = sysctlNamespace(name ?? "");
    if (namespace === "net" && spec.hostNetwork) {
      errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (namespace === "ipc" && spec.hostIPC) {
      errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    return errors;
  });
}

/** Which kernel namespace a sysctl belongs to (component-helpers node/util/sysctl). */
function sysctlNamespace(sysctl: string): "net" | "ipc" | undefined {
  // A name whose first separator is a slash uses slashes throughout.
  const separator = /[./]/.exec(sysctl)?.[0];
  const name = separator === "/" ? sysctl.replace(/[./]/g, (char) => (char === "/" ? "." : "/")) : sysctl;
  if (name.startsWith("net.")) return "net";
  return /^(?:kernel\.shm|kernel\.msg|fs\.mqueue\.)|^kernel\.sem$/.test(name) ? "ipc" : undefined;
}

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const errors: FieldError[] = [];
  const { type, localhostProfile } = profile;
  if (!type) errors.push(required(`${path}.type`, "type is required when seccompProfile is set"));
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, PROFILE_TYPES));
  if (type === "Localhost") {
    return localhostProfile === undefined
      ? [...errors, required(`${path}.localhostProfile`, "must be set when seccomp type is Localhost")]
      : [...errors, ...validateDescending(localhostProfile, `${path}.localhostProfile`)];
  }
  return localhostProfile === undefined
    ? errors
    : [...errors, invalid(`${path}.localhostProfile`, profile, "can only be set when seccomp type is Localhost")];
}

const MAX_PROFILE = 4095;

function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: local } = profile;
  const at = `${path}.localhostProfile`;
  if (!type) return [required(`${path}.type`, "type is required when appArmorProfile is set")];
  if (!PROFILE_TYPES.includes(type)) return [notSupported(`${path}.type`, type, PROFILE_TYPES)];
  if (type !== "Localhost") {
    return local === undefined ? [] : [invalid(at, local, "can only be set when AppArmor type is Localhost")];
  }
  if (!local) return [required(at, "must be set when AppArmor type is Localhost")];
  return [
    ...(local === local.trim() ? [] : [invalid(at, local, "must not be padded with whitespace")]),
    ...(byteLength(local) > MAX_PROFILE ? [tooLong(at, "", MAX_PROFILE)] : []),
  ];
}

/** A pod with users of its own shares no other namespace with the host. Source: upstream validateHostUsers. */
export function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const detail = "when `pod.Spec.HostUsers` is false";
  return [
    ...(spec.hostNetwork ? [forbidden(`${path}.hostNetwork`, detail)] : []),
    ...(spec.hostPID ? [forbidden(`${path}.HostPID`, detail)] : []),
    ...(spec.hostIPC ? [forbidden(`${path}.HostIPC`, detail)] : []),
  ];
}
