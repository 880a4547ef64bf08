/** What nodes and pods use: metrics.k8s.io, as metrics-server serves it. */
import { addQuantities, ANY_OBJECT, formatQuantity, parseQuantity, type KubeObject } from "#objects";
import type { ResourceDefinition } from "../../definition.ts";
import { text } from "../common/columns.ts";
import { define } from "../common/define.ts";

interface Measured extends KubeObject {
  readonly timestamp: string;
  /** `15.2s` */
  readonly window: string;
}

interface Used {
  readonly cpu: string;
  readonly memory: string;
}

export interface NodeMetrics extends Measured {
  readonly usage: Used;
}

export interface PodMetrics extends Measured {
  readonly containers: readonly { readonly name: string; readonly usage: Used }[];
}

/** Where the measurements come from. */
export interface MetricsSource {
  nodes(): Promise<readonly NodeMetrics[]>;
  /** Of the namespace's pods; empty: of all. */
  pods(namespace: string): Promise<readonly PodMetrics[]>;
}

const common = {
  group: "metrics.k8s.io",
  storageVersion: "v1beta1",
  verbs: ["get", "list"],
} as const;

export const metricsKinds = (metrics: MetricsSource): readonly ResourceDefinition[] => [
  define<NodeMetrics>({
    ...common,
    resource: "nodes",
    // One of its own: what is made for a version is kept by it.
    versions: [{ version: "v1beta1", schema: ANY_OBJECT }],
    singular: "",
    kind: "NodeMetrics",
    namespaced: false,
    computedObjects: () => metrics.nodes(),
    columns: [
      text("cpu", ({ usage }) => usage.cpu),
      text("memory", ({ usage }) => usage.memory),
      text("Window", ({ window }) => window),
    ],
  }),
  define<PodMetrics>({
    ...common,
    resource: "pods",
    versions: [{ version: "v1beta1", schema: ANY_OBJECT }],
    singular: "",
    kind: "PodMetrics",
    namespaced: true,
    computedObjects: (_registry, namespace) => metrics.pods(namespace),
    columns: [
      text("cpu", (pod) => sum(pod, ({ cpu }) => cpu)),
      text("memory", (pod) => sum(pod, ({ memory }) => memory)),
      text("Window", ({ window }) => window),
    ],
  }),
];

const sum = ({ containers }: PodMetrics, of: (usage: Used) => string): string => {
  const [first, ...rest] = containers.map(({ usage }) => parseQuantity(of(usage)));
  return first ? formatQuantity(rest.reduce(addQuantities, first)) : "0";
};
