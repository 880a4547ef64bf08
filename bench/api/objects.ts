import type { Target } from "./target.ts";

/** A ConfigMap of about a kilobyte. */
export function configMap(name: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, labels: { app: "bench" } },
      data: { settings: "x".repeat(900) },
    }),
  );
}

/** A Pod as people write them. Its gate keeps every scheduler away, so that it only lies there. */
export function gatedPod(name: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        labels: { app: "bench", tier: "backend", version: "v1" },
        annotations: { note: "made by bench" },
      },
      spec: {
        schedulingGates: [{ name: "bench.knarr.dev/never" }],
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "web",
            image: "nginx:1.29",
            ports: [{ name: "http", containerPort: 80 }],
            env: [{ name: "MODE", value: "bench" }],
            resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
            readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
          },
        ],
      },
    }),
  );
}

export const configMapsOf = ({ namespace }: Target): string => `/api/v1/namespaces/${namespace}/configmaps`;
export const podsOf = ({ namespace }: Target): string => `/api/v1/namespaces/${namespace}/pods`;

/** How many Pods the workloads that read have to do with. */
export const POD_COUNT = 10_000;
export const podName = (index: number): string => `pod-${String(index).padStart(5, "0")}`;
