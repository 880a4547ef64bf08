import type { ApiResponse, ConnectRequest } from "#apiserver";
import type { Random } from "#base";
import type { Client } from "#client";
import { ENDPOINTS, hasReason, PODS, SERVICES, type Pod } from "#objects";
import {
  hasAddress,
  isPortNumber,
  noEndpoints,
  parseReference,
  podDestination,
  serviceCandidates,
  servicePortName,
  type Destination,
} from "./destination.ts";
import { pass, type PassOptions } from "./pass.ts";

export interface ProxyOptions extends PassOptions {
  readonly client: Client;
  readonly random: Random;
}

type Named = Pick<ConnectRequest, "key" | "request" | "path">;

/** Passes a request on to a pod. Rejects with a StatusError. */
export async function connectPod(connect: Named, options: ProxyOptions): Promise<ApiResponse> {
  const reference = parseReference(connect.key.name, "pod");
  const pod = await options.client.get(PODS, { ...connect.key, name: reference.name });
  return pass(connect, podDestination(reference, pod), options);
}

/** Passes a request on to a ready pod of a Service. Rejects with a StatusError. */
export async function connectService(connect: Named, options: ProxyOptions): Promise<ApiResponse> {
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
