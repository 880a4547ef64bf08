import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { ClusterAccess } from "../kubeconfig/document.ts";
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

function get(access: ClusterAccess, path: string): Promise<{ readonly code: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, access.server),
      { ca: access.authority, cert: access.certificate, key: access.privateKey, agent: false, timeout: TIMEOUT_MS },
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

/** How the cluster in a data directory is, as far as it answers. */
export async function clusterStatus(dataDir: string): Promise<ClusterStatus> {
  const found = await findRunning(dataDir);
  if (!found?.alive) return { running: false, dataDir };
  const { pid, server, version } = found.cluster;
  const access = await readAccess(dataDir, server);
  const unreachable = { code: 0, body: "" };
  const [ready, nodes, metrics] = await Promise.all(
    ["/readyz", "/api/v1/nodes", "/metrics"].map((path) => get(access, path).catch(() => unreachable)),
  );
  const items =
    nodes!.code === 200
      ? (JSON.parse(nodes!.body) as { items: { status?: { conditions?: { type: string; status: string }[] } }[] }).items
      : [];
  const isReady = (node: (typeof items)[number]) =>
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return {
    running: true,
    ready: ready!.code === 200,
    dataDir,
    pid,
    server,
    version,
    nodes: { ready: items.filter(isReady).length, total: items.length },
    objects: sumOfMetric(metrics!.body, "apiserver_storage_objects"),
    storeBytes: sumOfMetric(metrics!.body, "apiserver_storage_size_bytes"),
    residentBytes: sumOfMetric(metrics!.body, "process_resident_memory_bytes"),
  };
}
