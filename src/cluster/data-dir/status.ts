import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createScope, systemClock } from "#base";
import { createHttpClient } from "#client";
import type { HttpTransport } from "#http";
import { metadataOnly, NODES, PODS, type Node } from "#objects";
import { createNodeTransport } from "#wire";
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

/** What a path outside of the API answers; code 0: nothing. */
async function answerOf(
  transport: HttpTransport,
  path: string,
): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { status, body } = await transport({ method: "GET", path, headers: {}, signal });
    const decoder = new TextDecoder();
    let text = "";
    for await (const piece of body) text += decoder.decode(piece, { stream: true });
    return { code: status, text };
  } catch {
    return { code: 0, text: "" };
  }
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
  await using scope = createScope("status");
  const transport = createNodeTransport(await readAccess(dataDir, server), { clock: systemClock, scope });
  const client = createHttpClient({
    transport,
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    userAgent: `knarr/${version}`,
  });
  const none = () => ({ items: [] });
  const [ready, metrics, nodes, pods, containerdResidentBytes] = await Promise.all([
    answerOf(transport, "/readyz"),
    answerOf(transport, "/metrics"),
    client.list(NODES).catch(none),
    // Of pods only what they are called: there may be many.
    client.list(metadataOnly(PODS), { fieldSelector: "status.phase=Running" }).catch(none),
    containerdMemory(dataDir),
  ]);
  const items: readonly Node[] = nodes.items;
  const isReady = ({ status }: Node) =>
    status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
  return {
    running: true,
    ready: ready.code === 200,
    dataDir,
    pid,
    server,
    version,
    nodes: { ready: items.filter(isReady).length, total: items.length },
    runtime: items.map(({ status }) => status?.nodeInfo?.containerRuntimeVersion).find(Boolean) ?? "",
    runningPods: pods.items.length,
    ...(containerdResidentBytes === undefined ? {} : { containerdResidentBytes }),
    objects: sumOfMetric(metrics.text, "apiserver_storage_objects"),
    storeBytes: sumOfMetric(metrics.text, "apiserver_storage_size_bytes"),
    residentBytes: sumOfMetric(metrics.text, "process_resident_memory_bytes"),
  };
}
