import { hostPortsConflict, toleratesTaint } from "#objects";
import { refusal, type FilterPlugin } from "./plugin.ts";

const UNSCHEDULABLE = refusal("NodeUnschedulable", false, "node(s) were unschedulable");
const UNSCHEDULABLE_TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Cordoned nodes take only pods that tolerate the taint of cordoned nodes. */
export const nodeUnschedulable: FilterPlugin = {
  name: "NodeUnschedulable",
  prepare: ({ tolerations }) => {
    if (tolerations.some((toleration) => toleratesTaint(toleration, UNSCHEDULABLE_TAINT))) return undefined;
    return { filter: ({ unschedulable }) => (unschedulable ? UNSCHEDULABLE : undefined) };
  },
};

const OTHER_NAME = refusal("NodeName", false, "node(s) didn't match the requested node name");

/** A pod that names its node. */
export const nodeName: FilterPlugin = {
  name: "NodeName",
  prepare: ({ pod }) => {
    const wanted = pod.spec?.nodeName;
    return wanted ? { filter: ({ name }) => (name === wanted ? undefined : OTHER_NAME) } : undefined;
  },
};

const PORT_TAKEN = refusal("NodePorts", true, "node(s) didn't have free ports for the requested pod ports");

/** Ports of the node can be taken once. */
export const nodePorts: FilterPlugin = {
  name: "NodePorts",
  prepare: ({ ports }) => {
    if (ports.length === 0) return undefined;
    return {
      filter(node) {
        if (node.withPorts === 0) return undefined;
        for (const other of node.pods.values()) {
          for (const taken of other.ports) {
            if (ports.some((port) => hostPortsConflict(port, taken))) return PORT_TAKEN;
          }
        }
        return undefined;
      },
    };
  },
};
