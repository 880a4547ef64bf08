import type { Pod } from "../generated/types.ts";
import { isSidecar } from "./lifecycle.ts";

/** A port of the node that a pod takes. */
export interface HostPort {
  /** `0.0.0.0`: on all of the node's addresses. */
  readonly hostIP: string;
  readonly protocol: string;
  readonly port: number;
}

/** The node's ports that the pod's containers and sidecars take. */
export function hostPorts(pod: Pod): readonly HostPort[] {
  const sidecars = pod.spec?.initContainers?.filter(isSidecar) ?? [];
  return [...sidecars, ...(pod.spec?.containers ?? [])].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map(({ hostIP, protocol, hostPort }) => ({
        hostIP: hostIP || "0.0.0.0",
        protocol: protocol || "TCP",
        port: hostPort!,
      })),
  );
}

/** Whether two pods with these ports cannot be on one node. */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  return (
    a.port === b.port &&
    a.protocol === b.protocol &&
    (a.hostIP === b.hostIP || a.hostIP === "0.0.0.0" || b.hostIP === "0.0.0.0")
  );
}
