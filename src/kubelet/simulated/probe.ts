import type { ProbeOutcome, ProbeRequest } from "#kubelet";
import type { SimulatedContainer } from "./container.ts";

/** What a probe of the container finds. */
export function outcomeOf(container: SimulatedContainer | undefined, request: ProbeRequest): ProbeOutcome {
  if (!container?.running) return { result: "failure", message: "container is not running" };
  const { behaviour, answers } = container;
  // A container that never gets ready is alive all the same.
  const success =
    request.kind === "liveness" ? behaviour.healthy && (answers || behaviour.readyMs === Infinity) : answers;
  return success ? { result: "success", steadyUntil: Infinity } : { result: "failure", message: failureText(request) };
}

/** As a prober words an application that does not answer yet. */
function failureText({ probe, ip = "" }: ProbeRequest): string {
  const { exec, grpc, httpGet, tcpSocket } = probe;
  if (exec) return "";
  const port = httpGet?.port ?? tcpSocket?.port ?? grpc?.port ?? 0;
  const refused = `dial tcp ${httpGet?.host ?? tcpSocket?.host ?? ip}:${port}: connect: connection refused`;
  if (!httpGet) return refused;
  const url = `${(httpGet.scheme ?? "HTTP").toLowerCase()}://${httpGet.host ?? ip}:${port}${httpGet.path ?? "/"}`;
  return `Get "${url}": ${refused}`;
}
