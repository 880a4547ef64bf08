import type { ConnectRequest, Connector } from "#apiserver";
import type { Clock, Random } from "#base";
import type { NodeAccess } from "#composition";
import type { HttpResponse } from "#http";
import { renderLog } from "#kubelet";
import { StreamGone, UpgradeRefused } from "#wire";
import { badRequest, NODES, notFoundError, PODS, serviceUnavailable, SERVICES, type Pod } from "#objects";
import { chooseContainer } from "./choose-container.ts";
import { parseLogOptions } from "./log-options.ts";
import { connectPortForward } from "./port-forward.ts";
import { connectAttach, connectExec } from "./process.ts";
import { connectProxy } from "./proxy/connect.ts";
import type { Reach } from "./proxy/dial.ts";

export interface ConnectorOptions extends Pick<NodeAccess, "client" | "kubelet"> {
  readonly clock: Clock;
  readonly random: Random;
  /** The way to addresses of pods; absent where these are simulated. */
  readonly reach?: Reach;
}

/** Answers what is passed on to nodes: logs from their kubelets; the rest simulated nodes do not have. */
export function createConnector(options: ConnectorOptions): Connector {
  return {
    async connect(request) {
      const { target, subresource, key } = request;
      const client = options.client();
      const { clock, random, reach, kubelet } = options;
      if (subresource === "proxy" && reach) return connectProxy(request, { client, clock, random, reach, kubelet });
      switch (target.resource.definition.resource) {
        case "nodes":
          await client.get(NODES, key);
          throw simulated(
            `node ${JSON.stringify(key.name)} is simulated`,
            "there is no kubelet to pass requests on to",
          );
        case "services":
          // The name may be with a scheme and a port: https:web:443.
          await client.get(SERVICES, { ...key, name: nameIn(key.name) });
          throw simulated("its pods are simulated", "there is no process to pass requests on to");
        default: {
          const pod = await client.get(PODS, { ...key, name: subresource === "proxy" ? nameIn(key.name) : key.name });
          switch (subresource) {
            case "log":
              return podLog(options, request, pod);
            case "exec":
            case "attach":
            case "portforward":
              return podStreams(options, request, pod).catch(refusal);
            default:
              return refuse(request, pod);
          }
        }
      }
    },
  };
}

function nameIn(text: string): string {
  const parts = text.split(":");
  return parts.length === 3 ? parts[1]! : parts[0]!;
}

async function podLog(
  { clock, kubelet }: ConnectorOptions,
  { query, request }: ConnectRequest,
  pod: Pod,
): Promise<HttpResponse> {
  const { name = "" } = pod.metadata;
  const wanted = parseLogOptions(query, name, clock.now());
  const container = chooseContainer(pod, wanted.container);
  const { nodeName } = pod.spec ?? {};
  // Not assigned yet: nothing has been written (upstream registry/core/pod LogLocation).
  if (!nodeName) return text({ type: "empty" });
  const node = kubelet(nodeName);
  if (!node) throw notFoundError({ group: "", resource: "nodes" }, nodeName);
  const lines = node.logs(pod, container, { ...wanted, signal: request.signal });
  return text({ type: "stream", stream: renderLog(lines, wanted), messages: "binary" });
}

/** The streams of what runs in a pod. */
async function podStreams(
  { clock, kubelet }: ConnectorOptions,
  connect: ConnectRequest,
  pod: Pod,
): Promise<HttpResponse> {
  const { subresource, query, request } = connect;
  const container = subresource === "portforward" ? "" : chooseContainer(pod, query.get("container") ?? "");
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const node = kubelet(nodeName);
  if (!node) throw notFoundError({ group: "", resource: "nodes" }, nodeName);
  const { streams } = node;
  if (!streams) return refuse(connect, pod);
  if (!request.upgrade) throw badRequest("Upgrade request required");
  switch (subresource) {
    case "portforward":
      return connectPortForward({ connect, pod, streams, clock });
    case "attach":
      return connectAttach({ connect, pod, container, streams, clock });
    default:
      return connectExec({ connect, pod, container, streams, clock });
  }
}

/** What the kubelet would answer instead of upgrading the connection, in plain text. */
function refusal(error: unknown): HttpResponse {
  // It was there for the upgrade, and gone before anything came of it.
  if (error instanceof StreamGone) return { status: 101, headers: {}, body: { type: "upgraded" } };
  if (!(error instanceof UpgradeRefused)) throw error;
  return {
    status: error.status,
    headers: { ...error.headers, "content-type": "text/plain; charset=utf-8" },
    body: { type: "bytes", bytes: new TextEncoder().encode(error.message) },
  };
}

const text = (body: HttpResponse["body"]): HttpResponse => ({
  status: 200,
  headers: { "content-type": "text/plain", "cache-control": "no-cache, private" },
  body,
});

const WITHOUT: Readonly<Record<string, string>> = {
  exec: "there is no process to run a command beside",
  attach: "there is no process to attach to",
  portforward: "nothing listens on its ports",
  proxy: "nothing listens on its ports",
};

/** What streams to and from a process cannot be had where there is none. */
function refuse({ subresource, query }: ConnectRequest, pod: Pod): never {
  const { name = "" } = pod.metadata;
  if (subresource === "exec" || subresource === "attach") chooseContainer(pod, query.get("container") ?? "");
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  throw simulated(`pod ${name} runs on the simulated node ${nodeName}`, WITHOUT[subresource] ?? "there is no process");
}

const simulated = (what: string, without: string) =>
  serviceUnavailable(`${what}: ${without} (real containers need a node with a container runtime)`);
