import type { AnyContainer, Mount, ResolvedProcess } from "#kubelet";
import { jsonText, type Pod } from "#objects";
import type { Sent } from "#wire/grpc";
import type { ContainerConfig, Mount as CriMount, MountPropagation, Signal } from "../cri/messages.ts";
import { containerHash } from "./hash.ts";
import { ANNOTATION, containerLogPath, identityOf, LABEL, podLabels } from "./names.ts";
import { containerResources, type NodeResources } from "./resources.ts";
import { containerSecurity, type SecurityOptions } from "./security.ts";

export interface ContainerSettings extends SecurityOptions {
  readonly node: NodeResources;
  /** The image's id, as the runtime knows it. */
  readonly imageId: string;
  /** A file of the node that becomes `/etc/hosts`; absent: the image's own. */
  readonly hostsFile?: string | undefined;
  /** A file of the node that takes the last message. */
  readonly messageFile?: string | undefined;
}

/** One run of a container (upstream generateContainerConfig). Throws an Error for what cannot be. */
export function containerConfig(
  pod: Pod,
  container: AnyContainer,
  attempt: number,
  process: ResolvedProcess,
  settings: ContainerSettings,
): Sent<ContainerConfig> {
  const identity = identityOf(pod);
  const { name, image = "", workingDir = "", stdin = false, stdinOnce = false, tty = false } = container;
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name, attempt },
    image: { image: settings.imageId, userSpecifiedImage: image },
    command: process.command,
    args: process.args,
    workingDir,
    envs: process.env.map(({ name: key, value }) => ({ key, value: new TextEncoder().encode(value) })),
    mounts: [...process.mounts.map(mountOf), ...ownMounts(container, process, settings)],
    ...(process.devices?.length ? { devices: process.devices } : {}),
    labels: { ...podLabels(identity), [LABEL.container]: name },
    annotations: containerAnnotations(pod, container, attempt),
    logPath: containerLogPath(name, attempt),
    stdin,
    stdinOnce,
    tty,
    linux: {
      resources: containerResources(pod, container, settings.node),
      securityContext: containerSecurity(pod, container, settings),
    },
    // The API has it as the kernel, CRI without the plus and minus.
    ...(stopSignal ? { stopSignal: signalName(stopSignal) } : {}),
  };
}

const signalName = (name: string) => name.replace("+", "PLUS").replace("-", "MINUS") as Signal;

function containerAnnotations(pod: Pod, container: AnyContainer, attempt: number): Record<string, string> {
  const deletionGrace = pod.metadata.deletionGracePeriodSeconds;
  const terminationGrace = pod.spec?.terminationGracePeriodSeconds;
  const preStop = container.lifecycle?.preStop;
  return {
    [ANNOTATION.hash]: containerHash(container),
    [ANNOTATION.restartCount]: String(attempt),
    [ANNOTATION.messagePath]: container.terminationMessagePath ?? "",
    [ANNOTATION.messagePolicy]: container.terminationMessagePolicy ?? "",
    ...(deletionGrace === undefined ? {} : { [ANNOTATION.deletionGrace]: String(deletionGrace) }),
    ...(terminationGrace === undefined ? {} : { [ANNOTATION.terminationGrace]: String(terminationGrace) }),
    ...(preStop ? { [ANNOTATION.preStopHandler]: jsonText(preStop) } : {}),
    ...(container.ports?.length ? { [ANNOTATION.ports]: JSON.stringify(container.ports) } : {}),
  };
}

const PROPAGATION: Readonly<Record<Mount["propagation"], MountPropagation>> = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL",
};

function mountOf({ containerPath, hostPath, image, readOnly, recursiveReadOnly, propagation }: Mount): Sent<CriMount> {
  return {
    containerPath,
    readonly: readOnly,
    recursiveReadOnly: recursiveReadOnly ?? false,
    propagation: PROPAGATION[propagation],
    ...(image === undefined ? { hostPath } : { image: { image }, imageSubPath: hostPath }),
  };
}

/** What the kubelet mounts besides volumes, unless a volume is there. */
function ownMounts(
  { terminationMessagePath }: AnyContainer,
  { mounts }: ResolvedProcess,
  { hostsFile, messageFile }: ContainerSettings,
): readonly Sent<CriMount>[] {
  const taken = mounts.some(({ containerPath }) => containerPath === "/etc/hosts");
  return [
    ...(hostsFile && !taken ? [{ containerPath: "/etc/hosts", hostPath: hostsFile }] : []),
    ...(messageFile && terminationMessagePath
      ? [{ containerPath: terminationMessagePath, hostPath: messageFile }]
      : []),
  ];
}
