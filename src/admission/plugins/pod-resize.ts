import type { Client } from "#client";
import { amountsOf, specRequests, type KubeObject, type Node, type Pod } from "#objects";
import { forbid, type AdmissionAttributes, type AdmissionPlugin } from "../contract.ts";
import { nodeOf } from "./pod-topology-labels.ts";
import { isPod } from "./pods.ts";

/**
 * Refuses the resize of a pod that its node cannot give (plugin/pkg/admission/podresize). As long as no node resizes
 * running containers, what the node could give is refused too: a pod that is not bound yet is all that can be resized.
 */
export function podResizeValidator(client: Client): AdmissionPlugin {
  return {
    name: "PodResizeValidator",
    handles: (attributes) =>
      isPod(attributes) && attributes.operation === "UPDATE" && attributes.subresource === "resize",
    async validate(object, old, attributes) {
      const pod = object as KubeObject as Pod;
      const { nodeName } = pod.spec ?? {};
      if (!nodeName || old?.metadata.generation === pod.metadata.generation) return;
      const node = await nodeOf(client, nodeName);
      if (!node) throw forbid(attributes, pod, `node ${JSON.stringify(nodeName)} not found`);
      throw refusalOf(pod, node, attributes);
    },
  };
}

function refusalOf(pod: Pod, node: Node, attributes: AdmissionAttributes) {
  const allocatable = amountsOf(node.status?.allocatable);
  const requests = specRequests(pod.spec);
  const lacking = ["cpu", "memory"]
    .filter((name) => (requests[name] ?? 0) > (allocatable[name] ?? 0))
    .map((name) => `${name}, requested: ${requests[name]}, allocatable: ${allocatable[name] ?? 0}`);
  if (lacking.length > 0) {
    const detail = `Node didn't have enough allocatable resources: ${lacking.join("; ")}`;
    return forbid(attributes, pod, detail, [{ reason: "NodeCapacity" }]);
  }
  const system = node.metadata.labels?.["kubernetes.io/os"] ?? "";
  const name = JSON.stringify(node.metadata.name);
  const detail =
    system === "linux"
      ? `pod resize is only supported before a pod is bound to a node, node ${name} cannot resize running containers yet`
      : `pod resize is only supported on linux nodes, node ${name} is ${JSON.stringify(system)}`;
  return forbid(attributes, pod, detail, [{ reason: "UnsupportedPlatform" }]);
}
