import type { ConnectRequest } from "#apiserver";
import type { Clock } from "#base";
import type { HttpResponse } from "#http";
import type { KubeletStreams } from "#kubelet";
import type { Pod } from "#objects";
import { acceptPortForward, isTunnel, UpgradeRefused } from "#wire";
import { parsePorts } from "./stream-options.ts";

export interface PortForwardRequest {
  readonly connect: ConnectRequest;
  readonly pod: Pod;
  readonly streams: KubeletStreams;
  readonly clock: Clock;
}

/** Forwards connections to ports of a pod. Resolves once the client is gone. */
export async function connectPortForward({ connect, pod, streams, clock }: PortForwardRequest): Promise<HttpResponse> {
  const { query, request } = connect;
  const needsPorts = request.upgrade?.protocol === "websocket" && !isTunnel(request);
  const ports = needsPorts ? parsePorts(query) : [];
  const { name = "", namespace = "" } = pod.metadata;
  const sandbox = streams.runningSandbox(pod);
  if (sandbox === undefined) throw new UpgradeRefused(500, `pod not found (${JSON.stringify(`${name}_${namespace}`)})`);
  await acceptPortForward(
    request,
    ports,
    {
      connect: (port) => streams.portForward(sandbox, port),
      describe: (port, message) => `error forwarding port ${port} to pod ${sandbox}, uid : ${message}`,
    },
    clock,
  );
  return { status: 101, headers: {}, body: { type: "upgraded" } };
}
