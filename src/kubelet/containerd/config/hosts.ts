import type { HostAlias } from "#objects";
import type { HostName } from "./hostname.ts";

/** `/etc/hosts` of a pod with a network of its own (upstream managedHostsFileContent). */
export function hostsFileText(
  ips: readonly string[],
  { name, domain }: HostName,
  aliases: readonly HostAlias[],
): string {
  const names = domain ? `${name}.${domain}\t${name}` : name;
  return [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    ...ips.map((ip) => `${ip}\t${names}`),
    aliasText(aliases),
  ].join("\n");
}

/** The same of a pod in the node's network, whose own file it begins with (upstream nodeHostsFileContent). */
export const nodeHostsFileText = (nodeFile: string, aliases: readonly HostAlias[]): string =>
  `# Kubernetes-managed hosts file (host network).\n${nodeFile}${aliasText(aliases)}`;

function aliasText(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}
