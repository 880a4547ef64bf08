import { messageOf, type Clock } from "#base";
import type { AnyContainer, ProbeOutcome } from "#kubelet";
import type { Pod, Probe } from "#objects";
import { resolvePort } from "./address.ts";
import { createDeadline } from "./deadline.ts";
import { probeGrpc } from "./grpc.ts";
import { probeHttp } from "./http.ts";
import { probeHeaders } from "./http-headers.ts";
import { targetOf } from "./http-target.ts";
import { probeTcp } from "./tcp.ts";

const USER_AGENT = "kube-probe/1.36";
const DEFAULT_TIMEOUT_S = 1;
/** What did not work is tried again at once (upstream maxProbeRetries). */
const ATTEMPTS = 3;

export interface ProbeTarget {
  /** The pod's address; undefined while it has none. */
  readonly ip: string | undefined;
  readonly pod: Pod;
  /** For ports by name. */
  readonly container: AnyContainer | undefined;
}

export interface NetworkProbeContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Probes once by HTTP, TCP or gRPC, within the probe's `timeoutSeconds`, on a connection of its own. Whatever the
 * other side does is an outcome, in upstream's words; it rejects only when the signal aborts.
 */
export async function probeOverNetwork(
  probe: Probe,
  target: ProbeTarget,
  context: NetworkProbeContext,
): Promise<ProbeOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await probeOnce(probe, target, context);
    if (outcome.result !== "unknown" || attempt >= ATTEMPTS) return outcome;
  }
}

async function probeOnce(
  probe: Probe,
  { ip = "", pod, container }: ProbeTarget,
  { clock, signal: caller }: NetworkProbeContext,
): Promise<ProbeOutcome> {
  caller.throwIfAborted();
  const { httpGet, tcpSocket, grpc } = probe;
  const timeoutMs = (probe.timeoutSeconds ?? DEFAULT_TIMEOUT_S) * 1000;
  using deadline = createDeadline(clock, timeoutMs, caller);
  const { signal } = deadline;
  try {
    if (httpGet) {
      return await probeHttp(targetOf(httpGet, container, ip), probeHeaders(httpGet.httpHeaders, USER_AGENT), signal);
    }
    if (tcpSocket) return await probeTcp(tcpSocket.host || ip, resolvePort(tcpSocket.port, container), signal);
    if (grpc) {
      const { port, service = "" } = grpc;
      return await probeGrpc({ host: ip, port, service, timeoutMs, userAgent: USER_AGENT }, clock, signal);
    }
  } catch (error) {
    caller.throwIfAborted();
    return { result: "unknown", message: messageOf(error) };
  }
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  const of = `${name}_${namespace}(${uid}):${container?.name ?? ""}`;
  return { result: "unknown", message: `missing probe handler for ${of}` };
}
