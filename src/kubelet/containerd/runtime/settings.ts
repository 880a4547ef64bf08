import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Pod } from "#objects";
import type { Sent } from "#wire/grpc";
import { parseResolvConf, podDns, type DnsConfig } from "../config/dns.ts";
import { hostNameOf } from "../config/hostname.ts";
import { hostsFileText, nodeHostsFileText } from "../config/hosts.ts";
import { hostsFile, identityOf } from "../config/names.ts";
import { sandboxConfig } from "../config/sandbox.ts";
import type { PodSandboxConfig } from "../cri/messages.ts";
import { ownLabels } from "./context.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";

/** A pod's settings, with what they take from the node. Rejects with an Error for what cannot be. */
export async function sandboxSettings(
  pod: Pod,
  attempt: number,
  options: ContainerdRuntimeOptions,
): Promise<Sent<PodSandboxConfig>> {
  const { clusterDomain, clusterDns, logDir, resolvConf = "/etc/resolv.conf", onWarning } = options;
  const node: DnsConfig = parseResolvConf(await readFile(resolvConf, "utf8").catch(() => ""));
  const { dns, warnings } = podDns(pod, { servers: clusterDns, domain: clusterDomain }, node);
  for (const warning of warnings) onWarning?.(pod, "DNSConfigForming", warning);
  const cgroupParent = (await options.cgroupParentOf?.(pod)) ?? "";
  const config = sandboxConfig(pod, attempt, { logDir, clusterDomain, dns, cgroupParent });
  return { ...config, labels: { ...config.labels, ...ownLabels(options) } };
}

const NODE_HOSTS = "/etc/hosts";

/** Writes the pod's `/etc/hosts`, and tells where it is; undefined while the pod has no address. */
export async function writeHostsFile(
  pod: Pod,
  ips: readonly string[],
  { rootDir, clusterDomain }: ContainerdRuntimeOptions,
): Promise<string | undefined> {
  const aliases = pod.spec?.hostAliases ?? [];
  const ofNode = pod.spec?.hostNetwork === true;
  if (!ofNode && ips.length === 0) return undefined;
  const file = hostsFile(rootDir, identityOf(pod).uid);
  const text = ofNode
    ? nodeHostsFileText(await readFile(NODE_HOSTS, "utf8").catch(() => ""), aliases)
    : hostsFileText(ips, hostNameOf(pod, clusterDomain), aliases);
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  await writeFile(file, text, { mode: 0o644 });
  return file;
}
