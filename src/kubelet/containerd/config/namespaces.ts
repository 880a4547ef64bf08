import type { Pod } from "#objects";
import type { NamespaceMode, NamespaceOption } from "../cri/messages.ts";
import type { Sent } from "#wire/grpc";

/** Which namespaces a pod's containers share with each other or with the node (upstream NamespacesForPod). */
export function podNamespaces({ spec }: Pod): Sent<NamespaceOption> & { readonly pid: NamespaceMode } {
  return {
    network: spec?.hostNetwork ? "NODE" : "POD",
    ipc: spec?.hostIPC ? "NODE" : "POD",
    pid: pidMode(spec?.hostPID, spec?.shareProcessNamespace),
  };
}

function pidMode(hostPid: boolean | undefined, shared: boolean | undefined): NamespaceMode {
  if (hostPid) return "NODE";
  return shared ? "POD" : "CONTAINER";
}
