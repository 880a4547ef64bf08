import type { Node, Pod, PodSpec } from "#objects";
import { PodInfo } from "../model/pod-info.ts";

/** A node with room for 4 CPUs, 8 Gi and 10 pods, and its hostname as a label. */
export function makeNode(
  name: string,
  parts: {
    readonly labels?: Record<string, string>;
    readonly spec?: Node["spec"];
    readonly allocatable?: Record<string, string>;
    readonly images?: NonNullable<Node["status"]>["images"];
  } = {},
): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: name, labels: { "kubernetes.io/hostname": name, ...parts.labels } },
    ...(parts.spec ? { spec: parts.spec } : {}),
    status: {
      allocatable: { cpu: "4", memory: "8Gi", pods: "10", ...parts.allocatable },
      ...(parts.images ? { images: parts.images } : {}),
    },
  };
}

let uids = 0;

/** A pod of one container. */
export function makePod(
  name: string,
  parts: {
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Record<string, string>;
    readonly requests?: Record<string, string>;
    readonly spec?: Partial<PodSpec>;
    readonly status?: Pod["status"];
    readonly deleting?: boolean;
  } = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: parts.namespace ?? "default",
      uid: parts.uid ?? `uid-${name}-${uids++}`,
      generation: 1,
      ...(parts.labels ? { labels: parts.labels } : {}),
      ...(parts.deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      containers: [
        { name: "main", image: "app", ...(parts.requests ? { resources: { requests: parts.requests } } : {}) },
      ],
      ...parts.spec,
    },
    ...(parts.status ? { status: parts.status } : {}),
  };
}

export const makeInfo = (...args: Parameters<typeof makePod>): PodInfo => new PodInfo(makePod(...args));
