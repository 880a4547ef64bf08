import type { ConnectRequest } from "#apiserver";
import type { HttpResponse } from "#http";
import type { Kubelet, NodeStats } from "#kubelet";
import { jsonText, notFoundError, type Node, type Pod } from "#objects";
import { kubeletMetrics } from "./kubelet-metrics.ts";
import { resourceMetrics, statsSummary } from "./node-stats.ts";

/** Answers what a kubelet answers on its port, as far as it is asked for by way of the API: reads. */
export async function answerKubelet(
  { request, path }: Pick<ConnectRequest, "request" | "path">,
  { metadata: { name = "" } }: Node,
  kubelet: Kubelet | undefined,
): Promise<HttpResponse> {
  if (!kubelet) throw notFoundError({ group: "", resource: "nodes" }, name);
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "405: Method Not Allowed");
  switch (path.replace(/\/$/, "")) {
    case "healthz":
    case "healthz/ping":
      return text(200, "ok");
    case "pods":
      return json(podList(kubelet.pods()));
    case "configz":
      return json({ kubeletconfig: { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" } });
    case "stats/summary":
      return withStats(kubelet, (stats) => json(statsSummary(name, stats)));
    case "metrics/resource":
      return withStats(kubelet, (stats) => metrics(resourceMetrics(stats)));
    case "metrics":
      return metrics(kubeletMetrics(name, kubelet.pods()));
    default:
      return path.startsWith("logs") ? text(405, "logs endpoint is disabled.\n") : text(404, "404 page not found\n");
  }
}

async function withStats(kubelet: Kubelet, show: (stats: NodeStats) => HttpResponse): Promise<HttpResponse> {
  return kubelet.stats ? show(await kubelet.stats()) : text(404, "404 page not found\n");
}

const podList = (items: readonly Pod[]) => ({ kind: "PodList", apiVersion: "v1", metadata: {}, items });

const answer = (status: number, type: string, body: string): HttpResponse => ({
  status,
  headers: { "content-type": type },
  body: { type: "bytes", bytes: new TextEncoder().encode(body) },
});
const text = (status: number, body: string) => answer(status, "text/plain; charset=utf-8", body);
const metrics = (body: string) => answer(200, "text/plain; version=0.0.4; charset=utf-8", body);
const json = (body: object) => answer(200, "application/json", jsonText(body));
