import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { ClusterAccess } from "../kubeconfig/document.ts";
import { nodeFolders } from "../nodes/containerd/folders.ts";
import { findRunning } from "./running.ts";

export type ClusterStatus =
  | { readonly running: false; readonly dataDir: string }
  | {
      readonly running: true;
      /** Whether /readyz answers ok. */
      readonly ready: boolean;
      readonly dataDir: string;
      readonly pid: number;
      readonly server: string;
      readonly version: string;
      readonly nodes: { readonly ready: number; readonly total: number };
      /** What runs the containers of its nodes: `containerd://1.6.20`; empty while there is no node. */
      readonly runtime: string;
      readonly runningPods: number;
      /** Of a containerd of the cluster's own. */
      readonly containerdResidentBytes?: number;
      readonly objects: number;
      readonly storeBytes: number;
      readonly residentBytes: number;
    };

/** What the administrator of the cluster in a data directory reaches it by. */
export async function readAccess(dataDir: string, server: string): Promise<ClusterAccess> {
  const [authority, certificate, privateKey] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((name) => readFile(join(dataDir, "pki", name), "utf8")),
  );
  return { server, authority: authority!, certificate: certificate!, privateKey: privateKey! };
}

const TIMEOUT_MS = 3_000;

/** Of pods only what they are called: there may be many. */
const HEADERS = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json" };
const RUNNING_PODS = "/api/v1/pods?fieldSelector=status.phase%3DRunning";

function get(
  access: ClusterAccess,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, access.server),
      {
        ca: access.authority,
        cert: access.certificate,
        key: access.privateKey,
        agent: false,
        timeout: TIMEOUT_MS,
        headers,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

/** The sum of all samples of a metric in Prometheus text. */
export function sumOfMetric(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
      sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

interface ShownNode {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: { readonly containerRuntimeVersion?: string };
  };
}

/** An empty list of metadata has no items but null. */
const itemsOf = <T>({ code, body }: { readonly code: number; readonly body: string }): readonly T[] =>
  code === 200 ? ((JSON.parse(body) as { readonly items: readonly T[] | null }).items ?? []) : [];

/** The resident memory of the cluster's own containerd, if it runs: bytes. */
async function containerdMemory(dataDir: string): Promise<number | undefined> {
  const { containerd } = nodeFolders(dataDir);
  if (!existsSync(containerd)) return undefined;
  const { daemonPid } = await import("#kubelet/containerd");
  const pid = await daemonPid(containerd);
  const status = pid === undefined ? "" : await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** How the cluster in a data directory is, as far as it answers. */
export async function clusterStatus(dataDir: string): Promise<ClusterStatus> {
  const found = await findRunning(dataDir);
  if (!found?.alive) return { running: false, dataDir };
  const { pid, server, version } = found.cluster;
  const access = await readAccess(dataDir, server);
  const unreachable = { code: 0, body: "" };
  const ask = (path: string, headers?: typeof HEADERS) => get(access, path, headers).catch(() => unreachable);
  const [ready, nodes, metrics, pods, containerdResidentBytes] = await Promise.all([
    ask("/readyz"),
    ask("/api/v1/nodes"),
    ask("/metrics"),
    ask(RUNNING_PODS, HEADERS),
    containerdMemory(dataDir),
  ]);
  const items = itemsOf<ShownNode>(nodes);
  const isReady = (node: ShownNode) =>
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return {
    running: true,
    ready: ready.code === 200,
    dataDir,
    pid,
    server,
    version,
    nodes: { ready: items.filter(isReady).length, total: items.length },
    runtime: items.map(({ status }) => status?.nodeInfo?.containerRuntimeVersion).find(Boolean) ?? "",
    runningPods: itemsOf(pods).length,
    ...(containerdResidentBytes === undefined ? {} : { containerdResidentBytes }),
    objects: sumOfMetric(metrics.body, "apiserver_storage_objects"),
    storeBytes: sumOfMetric(metrics.body, "apiserver_storage_size_bytes"),
    residentBytes: sumOfMetric(metrics.body, "process_resident_memory_bytes"),
  };
}
