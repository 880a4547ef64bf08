import type { Pod } from "#objects";
import type { Refusal } from "../pod/refusal.ts";

type SysctlNamespace = "ipc" | "net";

/** What a pod may set without harm to others, and whose it then is (upstream pkg/kubelet/sysctl/safe_sysctls.go). */
const SAFE: ReadonlyMap<string, SysctlNamespace> = new Map([
  ["kernel.shm_rmid_forced", "ipc"],
  ["net.ipv4.ip_local_port_range", "net"],
  ["net.ipv4.tcp_syncookies", "net"],
  ["net.ipv4.ping_group_range", "net"],
  ["net.ipv4.ip_unprivileged_port_start", "net"],
  ["net.ipv4.ip_local_reserved_ports", "net"],
  ["net.ipv4.tcp_keepalive_time", "net"],
  ["net.ipv4.tcp_fin_timeout", "net"],
  ["net.ipv4.tcp_keepalive_intvl", "net"],
  ["net.ipv4.tcp_keepalive_probes", "net"],
  ["net.ipv4.tcp_rmem", "net"],
  ["net.ipv4.tcp_wmem", "net"],
]);

/** Refuses a pod with kernel settings that could do harm beyond it (upstream pkg/kubelet/sysctl/allowlist.go). */
export function sysctlRefusal({ spec }: Pod): Refusal | undefined {
  const ofTheHost = { ipc: spec?.hostIPC === true, net: spec?.hostNetwork === true };
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const dotted = dottedSysctl(name);
    const namespace = SAFE.get(dotted);
    if (namespace === undefined) return forbidden(`"${dotted}" not allowlisted`);
    if (ofTheHost[namespace]) return forbidden(`"${dotted}" not allowed with host ${namespace} enabled`);
  }
  return undefined;
}

const forbidden = (why: string): Refusal => ({ reason: "SysctlForbidden", message: `forbidden sysctl: ${why}` });

/** `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`: whatever separates first separates throughout. */
export function dottedSysctl(name: string): string {
  if (/[./]/.exec(name)?.[0] !== "/") return name;
  return name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/"));
}
