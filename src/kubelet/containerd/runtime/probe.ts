import { expand, type ProbeOutcome, type ProbeRequest } from "#kubelet";
import type { RuntimeContext } from "./context.ts";
import { execProbe } from "./exec.ts";

/** Probes once: in the container, or over the network. */
export async function probeContainer(request: ProbeRequest, { cri, options }: RuntimeContext): Promise<ProbeOutcome> {
  const { exec, httpGet, tcpSocket, grpc, timeoutSeconds = 1 } = request.probe;
  if (exec?.command) {
    // Only what the spec says outright is put in (upstream ExpandContainerCommandOnlyStatic).
    const values = new Map(request.container.env?.map(({ name, value = "" }) => [name, value]));
    const command = exec.command.map((word) => expand(word, (name) => values.get(name)));
    return execProbe(cri, request.id, command, timeoutSeconds);
  }
  if ((httpGet ?? tcpSocket ?? grpc) && options.networkProbe) return options.networkProbe(request);
  return { result: "unknown", message: "missing probe handler" };
}
