import { LEASES, NODES, parseKey, PODS } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch } from "../framework/watch.ts";
import { markNotReady, setTaints } from "./apply.ts";
import { createState, isQueued, monitor, PODS_BY_NODE, spare, type State } from "./monitor.ts";
import { planNode, planPods, readinessOf, type NodeView, type PodsView } from "./plan.ts";

export { PODS_BY_NODE } from "./monitor.ts";

/** Looks at all nodes, and gives those that wait the NoExecute taint as far as their zones may have it. */
const MONITOR = "monitor";
const NODE = "node:";
const POD = "pod:";

/** Notices nodes that fall silent, keeps the taints that stand for their conditions, and drives pods away, not too fast. */
export function nodeLifecycleController(): ControllerDefinition {
  return defineController({
    name: "node-controller",
    concurrency: 8,
    watches: [
      watch(NODES, ({ object }) => NODE + (object.metadata.name ?? "")),
      // Leases wake nothing: all nodes are looked at in their turn, whatever their leases do.
      watch(LEASES),
      watch(PODS, ({ type, object, previous }) => {
        if (type === "deleted" || !object.spec?.nodeName || object.spec.nodeName === previous?.spec?.nodeName) return;
        return `${POD}${object.metadata.namespace}/${object.metadata.name}`;
      }),
    ],
    writes: [allow(NODES, "patch", "patch/status"), allow(PODS, "patch/status")],
    start({ caches, enqueue }) {
      const state = createState();
      const syncNode = nodeSync(state);
      const syncPod = podSync(state);
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      enqueue(MONITOR);
      return (key, context) => {
        if (key === MONITOR) return monitor(state, context);
        return key.startsWith(POD) ? syncPod(key, context) : syncNode(key, context);
      };
    },
  });
}

const nodeSync = (state: State) =>
  syncByPlan({
    look(key, { caches }): NodeView | undefined {
      const node = caches.of(NODES).get(key.slice(NODE.length));
      return node && { node, isQueued: isQueued(state, node) };
    },
    plan: planNode,
    async apply(step, context, { node }) {
      if (step.type === "set-taints") await setTaints(node, step.taints, context);
      else if (step.type === "spare") await spare(state, node, context);
      else {
        const body = { metadata: { labels: step.labels } };
        await unlessGone(context.client.patch(NODES, parseKey(node.metadata.name ?? ""), { type: "merge", body }));
      }
    },
  });

/** Of a pod that has come to its node. A node that no look has seen yet is looked at with all of its pods. */
const podSync = ({ heartbeats }: State) =>
  syncByPlan({
    look(key, { caches }): PodsView | undefined {
      const pod = caches.of(PODS).get(key.slice(POD.length));
      const { nodeName } = pod?.spec ?? {};
      if (!pod || !nodeName || !heartbeats.has(nodeName)) return undefined;
      return { pods: [pod], ready: readinessOf(caches.of(NODES).get(nodeName)) };
    },
    plan: planPods,
    apply: markNotReady,
  });
