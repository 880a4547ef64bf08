import { amountsOf, type Container, type Pod, type PodSecurityContext } from "#objects";
import { dottedSysctl, type AnyContainer } from "#kubelet";
import type { Sent } from "#wire/grpc";
import type { LinuxSandboxSecurityContext, PodSandboxConfig, PortMapping, Protocol } from "../cri/messages.ts";
import type { DnsConfig } from "./dns.ts";
import { hostNameOf, kernelName } from "./hostname.ts";
import { identityOf, podLabels, podLogFolder } from "./names.ts";
import { podNamespaces } from "./namespaces.ts";
import { cpuQuota, cpuShares } from "./resources.ts";

export interface SandboxSettings {
  readonly logDir: string;
  readonly clusterDomain: string;
  readonly dns: DnsConfig;
  /** The pod's cgroup; empty: wherever the runtime puts it. */
  readonly cgroupParent: string;
}

/** What a pod's containers share (upstream generatePodSandboxConfig). Throws an Error for what cannot be. */
export function sandboxConfig(pod: Pod, attempt: number, settings: SandboxSettings): Sent<PodSandboxConfig> {
  const identity = identityOf(pod);
  const { name, namespace, uid } = identity;
  const { logDir, clusterDomain, dns, cgroupParent } = settings;
  const hostname = pod.spec?.hostNetwork ? "" : kernelName(hostNameOf(pod, clusterDomain), pod);
  if (pod.spec?.hostUsers === false) throw new Error('RuntimeClass handler "" does not support user namespaces');
  const { sysctls = [] } = pod.spec?.securityContext ?? {};
  return {
    metadata: { name, namespace, uid, attempt },
    hostname,
    logDirectory: podLogFolder(logDir, identity),
    dnsConfig: dns,
    portMappings: portMappings(pod),
    labels: { ...pod.metadata.labels, ...podLabels(identity) },
    annotations: pod.metadata.annotations ?? {},
    linux: {
      cgroupParent,
      securityContext: sandboxSecurity(pod),
      sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [dottedSysctl(name), value])),
      overhead: overhead(pod),
    },
  };
}

function sandboxSecurity(pod: Pod): Sent<LinuxSandboxSecurityContext> {
  const security: PodSecurityContext = pod.spec?.securityContext ?? {};
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups = [], supplementalGroupsPolicy: policy } = security;
  const { user = "", role = "", type = "", level = "" } = security.seLinuxOptions ?? {};
  return {
    namespaceOptions: podNamespaces(pod),
    privileged: allContainers(pod).some(({ securityContext }) => securityContext?.privileged === true),
    // Always, so that a pod with strict profiles is not held open by something looser.
    seccomp: { profileType: "RuntimeDefault" },
    ...(runAsUser === undefined ? {} : { runAsUser: { value: Number(runAsUser) } }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: Number(runAsGroup) } }),
    supplementalGroups: [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups].map(Number),
    ...(policy === "Strict" || policy === "Merge" ? { supplementalGroupsPolicy: policy } : {}),
    ...(security.seLinuxOptions ? { selinuxOptions: { user, role, type, level } } : {}),
  };
}

const allContainers = ({ spec }: Pod): readonly AnyContainer[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];

function portMappings({ spec }: Pod): readonly Sent<PortMapping>[] {
  return (spec?.containers ?? []).flatMap(({ ports = [] }: Container) =>
    ports.map(({ containerPort, hostPort = 0, hostIP = "", protocol = "TCP" }) => ({
      protocol: isProtocol(protocol) ? protocol : "TCP",
      containerPort,
      hostPort,
      hostIp: hostIP,
    })),
  );
}

const isProtocol = (text: string): text is Protocol => ["TCP", "UDP", "SCTP"].includes(text);

function overhead({ spec }: Pod) {
  if (!spec?.overhead) return {};
  const { cpu = 0, memory = 0 } = amountsOf(spec.overhead);
  return { cpuShares: cpuShares(cpu), cpuQuota: cpuQuota(cpu), cpuPeriod: 100_000, memoryLimitInBytes: memory };
}
