import type { Draft, Node } from "#objects";
import type { AdmissionPlugin } from "../contract.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" } as const;

/** No pod lands on a new node before its controller says that it is ready (plugin/pkg/admission/nodetaint). */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  handles: ({ operation, group, resource, subresource }) =>
    operation === "CREATE" && group === "" && resource === "nodes" && subresource === "",
  mutate(draft) {
    const node = draft as unknown as Draft<Node>;
    const taints = ((node.spec ??= {}).taints ??= []);
    if (!taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) {
      taints.push({ ...NOT_READY });
    }
  },
};
