import type { ConnectRequest } from "#apiserver";
import type { Random } from "#base";
import type { Client } from "#client";
import type { HttpResponse } from "#http";
import type { Kubelet } from "#kubelet";
import { badRequest, ENDPOINTS, hasReason, NODES, parseIp, PODS, SERVICES, type Pod } from "#objects";
import {
  hasAddress,
  isGlobalUnicast,
  isPortNumber,
  noEndpoints,
  parseReference,
  podDestination,
  serviceCandidates,
  servicePortName,
  type Destination,
} from "./destination.ts";
import { answerKubelet } from "./kubelet.ts";
import { pass, type PassOptions } from "./pass.ts";

export interface ProxyOptions extends PassOptions {
  readonly client: Client;
  readonly random: Random;
}

export interface AnyProxyOptions extends ProxyOptions {
  /** The kubelet of a node that this process runs. */
  readonly kubelet: (nodeName: string) => Kubelet | undefined;
}

/** Passes a request on to what it names. Rejects with a StatusError. */
export function connectProxy(connect: ConnectRequest, options: AnyProxyOptions): Promise<HttpResponse> {
  switch (connect.target.resource.definition.resource) {
    case "nodes":
      return connectNode(connect, options);
    case "services":
      return connectService(connect, options);
    default:
      return connectPod(connect, options);
  }
}

/** Of kubelets. Ours answers in the process; what else is asked for at the node is reached. */
const KUBELET_PORT = "10250";

async function connectNode(connect: Named, options: AnyProxyOptions): Promise<HttpResponse> {
  const { secure, name, port } = parseReference(connect.key.name, "node");
  const node = await options.client.get(NODES, { namespace: "", name });
  if (port === "" || port === KUBELET_PORT) return answerKubelet(connect, node, options.kubelet(name));
  const host = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
  const address = parseIp(host);
  if (!address || !isGlobalUnicast(address)) throw badRequest("address not allowed");
  return pass(connect, { secure, host, port }, options);
}

type Named = Pick<ConnectRequest, "key" | "request" | "path">;

/** Passes a request on to a pod. Rejects with a StatusError. */
export async function connectPod(connect: Named, options: ProxyOptions): Promise<HttpResponse> {
  const reference = parseReference(connect.key.name, "pod");
  const pod = await options.client.get(PODS, { ...connect.key, name: reference.name });
  return pass(connect, podDestination(reference, pod), options);
}

/** Passes a request on to a ready pod of a Service. Rejects with a StatusError. */
export async function connectService(connect: Named, options: ProxyOptions): Promise<HttpResponse> {
  return pass(connect, await chooseEndpoint(connect, options), options);
}

async function chooseEndpoint({ key }: Named, { client, random }: ProxyOptions): Promise<Destination> {
  const reference = parseReference(key.name, "service");
  const named = { ...key, name: reference.name };
  const portName = isPortNumber(reference.port)
    ? servicePortName(reference, await client.get(SERVICES, named))
    : reference.port;
  const endpoints = await client.get(ENDPOINTS, named);
  for (const candidate of serviceCandidates(reference, portName, endpoints, random)) {
    const pod = await podOrNothing(client, { ...key, name: candidate.pod });
    if (pod && hasAddress(pod, candidate.host)) return candidate;
  }
  throw noEndpoints(key.name);
}

/** A pod that is gone is no place to go to; anything else that fails is told. */
async function podOrNothing(client: Client, key: ConnectRequest["key"]): Promise<Pod | undefined> {
  try {
    return await client.get(PODS, key);
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}
