import { join } from "node:path";
import type { AnyContainer } from "#kubelet";
import type { AppArmorProfile, Pod, SeccompProfile, SecurityContext } from "#objects";
import type { Sent } from "#wire/grpc";
import type { LinuxContainerSecurityContext, SecurityProfile } from "../cri/messages.ts";
import { identityOf, podText } from "./names.ts";
import { podNamespaces } from "./namespaces.ts";

/** The user that an image runs as unless the pod names another. */
export interface ImageUser {
  readonly uid?: number;
  /** When it is no number. */
  readonly name?: string;
}

export interface SecurityOptions {
  readonly user: ImageUser;
  /** Where seccomp profiles of type Localhost are. */
  readonly seccompFolder: string;
  /** Hidden besides upstream's: paths under /sys that this machine has. */
  readonly maskedPaths: readonly string[];
  /** The container whose processes an ephemeral container sees. */
  readonly targetId?: string | undefined;
}

const MASKED = [
  ...[
    "asound",
    "acpi",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "timer_list",
    "timer_stats",
    "sched_debug",
    "scsi",
  ].map((name) => `/proc/${name}`),
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

/** The container's own settings over the pod's (upstream DetermineEffectiveSecurityContext). */
export function effectiveSecurity({ spec }: Pod, { securityContext: own }: AnyContainer): SecurityContext {
  const { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions } = spec?.securityContext ?? {};
  return {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    ...(runAsNonRoot === undefined ? {} : { runAsNonRoot }),
    ...(seLinuxOptions === undefined ? {} : { seLinuxOptions }),
    ...own,
  };
}

/** Who may do what in the container (upstream determineEffectiveSecurityContext). Throws an Error for what cannot be. */
export function containerSecurity(
  pod: Pod,
  container: AnyContainer,
  options: SecurityOptions,
): Sent<LinuxContainerSecurityContext> {
  const effective = effectiveSecurity(pod, container);
  const { fsGroup, supplementalGroups = [], supplementalGroupsPolicy: policy } = pod.spec?.securityContext ?? {};
  const { user, targetId } = options;
  const runAsUser = effective.runAsUser ?? user.uid;
  const unmasked = effective.procMount === "Unmasked";
  const namespaces = podNamespaces(pod);
  const targeted = targetId !== undefined && namespaces.pid === "CONTAINER";
  const appArmor = appArmorProfile(effective.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile);
  const { add = [], drop = [] } = effective.capabilities ?? {};
  const { user: seUser = "", role = "", type = "", level = "" } = effective.seLinuxOptions ?? {};
  return {
    ...(effective.capabilities ? { capabilities: { addCapabilities: add, dropCapabilities: drop } } : {}),
    ...(effective.seLinuxOptions ? { selinuxOptions: { user: seUser, role, type, level } } : {}),
    privileged: effective.privileged ?? false,
    namespaceOptions: targeted ? { ...namespaces, pid: "TARGET", targetId } : namespaces,
    ...(runAsUser === undefined ? {} : { runAsUser: { value: Number(runAsUser) } }),
    ...(effective.runAsGroup === undefined ? {} : { runAsGroup: { value: Number(effective.runAsGroup) } }),
    ...(effective.runAsUser === undefined && user.name ? { runAsUsername: user.name } : {}),
    readonlyRootfs: effective.readOnlyRootFilesystem ?? false,
    supplementalGroups: [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups].map(Number),
    ...(policy === "Strict" || policy === "Merge" ? { supplementalGroupsPolicy: policy } : {}),
    noNewPrivs: effective.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : [...MASKED, ...options.maskedPaths],
    readonlyPaths: unmasked ? [] : READ_ONLY,
    seccomp: seccompProfile(
      container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile,
      options.seccompFolder,
    ),
    ...(appArmor ? { apparmor: appArmor.profile, apparmorProfile: appArmor.name } : {}),
  };
}

function seccompProfile(profile: SeccompProfile | undefined, folder: string): Sent<SecurityProfile> {
  if (profile?.type === "RuntimeDefault") return { profileType: "RuntimeDefault" };
  if (profile?.type !== "Localhost") return { profileType: "Unconfined" };
  if (!profile.localhostProfile) throw new Error("localhostProfile must be set if seccompProfile type is Localhost.");
  return { profileType: "Localhost", localhostRef: join(folder, profile.localhostProfile) };
}

/** With the name by which older runtimes know it. */
function appArmorProfile(
  profile: AppArmorProfile | undefined,
): { readonly profile: Sent<SecurityProfile>; readonly name: string } | undefined {
  switch (profile?.type) {
    case "RuntimeDefault":
      return { profile: { profileType: "RuntimeDefault" }, name: "runtime/default" };
    case "Unconfined":
      return { profile: { profileType: "Unconfined" }, name: "unconfined" };
    case "Localhost": {
      const { localhostProfile: localhostRef } = profile;
      if (!localhostRef) throw new Error("missing localhost apparmor profile name");
      return { profile: { profileType: "Localhost", localhostRef }, name: `localhost/${localhostRef}` };
    }
    default:
      return undefined;
  }
}

const MAX_USER = 2_147_483_647;

/** Why a container that must not run as root may not run; undefined when it may (upstream verifyRunAsNonRoot). */
export function nonRootProblem(pod: Pod, container: AnyContainer, { uid, name }: ImageUser): string | undefined {
  const { runAsNonRoot, runAsUser } = effectiveSecurity(pod, container);
  if (!runAsNonRoot) return undefined;
  const where = `(pod: ${JSON.stringify(podText(identityOf(pod)))}, container: ${container.name})`;
  if (runAsUser !== undefined) {
    return runAsUser === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined;
  }
  if (uid === undefined) {
    return name
      ? `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`
      : undefined;
  }
  if (uid === 0) return `container has runAsNonRoot and image will run as root ${where}`;
  if (uid < 0 || uid > MAX_USER) {
    return `container has runAsNonRoot and image has an invalid user id (${uid}). (Must be 1-(${MAX_USER})): must be between 0 and ${MAX_USER}, inclusive ${where}`;
  }
  return undefined;
}
