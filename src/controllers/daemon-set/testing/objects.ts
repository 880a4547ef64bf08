import type { DaemonSet, Node, Pod, PodSpec, Taint } from "#objects";
import type { DaemonSetView } from "../view.ts";

/** Makers of what DaemonSets are about: for tests. */

export const HASH = "new";

export const node = (
  name: string,
  parts: { readonly labels?: Node["metadata"]["labels"]; readonly taints?: readonly Taint[] } = {},
): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, ...(parts.labels ? { labels: parts.labels } : {}) },
  ...(parts.taints ? { spec: { taints: parts.taints } } : {}),
});

export const nodes = (count: number): Node[] => Array.from({ length: count }, (_, at) => node(`n${at + 1}`));

/** A set named `agent` that selects `app=agent`, of the second template. */
export const daemonSet = (
  spec: Partial<NonNullable<DaemonSet["spec"]>> = {},
  pod: Partial<PodSpec> = {},
): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: {
    name: "agent",
    namespace: "default",
    uid: "set-1",
    generation: 2,
    annotations: { "deprecated.daemonset.template.generation": "2" },
  },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: { metadata: { labels: { app: "agent" } }, spec: { containers: [{ name: "c", image: "agent" }], ...pod } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    ...spec,
  },
});

export interface PodParts {
  /** Made from another template. */
  readonly old?: boolean;
  /** Since how long, in seconds; undefined: it is not. */
  readonly ready?: number;
  readonly phase?: string;
  readonly leaving?: boolean;
  /** Meant for its node only, by its affinity. */
  readonly unbound?: boolean;
  /** Seconds after the first pod. */
  readonly born?: number;
}

/** A pod of the set on a node, of the present template and ready for long unless said otherwise. */
export const daemon = (name: string, on: string, parts: PodParts = {}): Pod => {
  const { old = false, phase = "Running", leaving = false, unbound = false, born = 0 } = parts;
  const ready = "ready" in parts ? parts.ready : phase === "Running" ? 1000 : undefined;
  const byName = { key: "metadata.name", operator: "In", values: [on] };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      creationTimestamp: new Date(born * 1000).toISOString(),
      labels: {
        app: "agent",
        "controller-revision-hash": old ? "old" : HASH,
        "pod-template-generation": old ? "1" : "2",
      },
      ...(leaving ? { deletionTimestamp: "1970-01-01T01:00:00Z" } : {}),
    },
    spec: {
      containers: [{ name: "c" }],
      ...(unbound
        ? {
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [byName] }] },
              },
            },
          }
        : { nodeName: on }),
    },
    status: {
      phase,
      conditions: [
        {
          type: "Ready",
          status: ready === undefined ? "False" : "True",
          lastTransitionTime: new Date((NOW_S - (ready ?? 0)) * 1000).toISOString(),
        },
      ],
    },
  };
};

const NOW_S = 10_000;
/** When plans are made of these objects, in milliseconds since the epoch. */
export const NOW = NOW_S * 1000;

export const view = (parts: Partial<DaemonSetView> = {}): DaemonSetView => ({
  set: daemonSet(),
  nodes: nodes(3),
  pods: [],
  hash: HASH,
  backoffs: new Map(),
  ...parts,
});
