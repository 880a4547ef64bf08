import { every } from "#base";
import { formatTime, LEASES, NODES, parseKey, PODS, type Node, type Pod } from "#objects";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { itself, watch } from "../framework/watch.ts";
import { MONITOR_PERIOD_MS, observeHeartbeat, readyCondition, silentConditions, type Heartbeat } from "./health.ts";
import { wantedTaints } from "./taints.ts";

export const LEASE_NAMESPACE = "kube-node-lease";
export const PODS_BY_NODE = "node";

/** Notices nodes that fall silent, and keeps the taints that stand for their conditions. */
export function nodeLifecycleController(): ControllerDefinition {
  const heartbeats = new Map<string, Heartbeat>();
  return defineController({
    name: "node-controller",
    concurrency: 8,
    // Leases wake nothing: each node is looked at in its turn, whatever its lease does.
    watches: [watch(NODES, itself), watch(LEASES), watch(PODS)],
    start({ caches, clock, signal, enqueue }) {
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      const monitor = every(clock, MONITOR_PERIOD_MS, () => {
        for (const node of caches.of(NODES).list()) enqueue(node.metadata.name ?? "");
      });
      signal.addEventListener("abort", () => monitor.cancel(), { once: true });
    },
    async sync(name, context) {
      const { caches, clock } = context;
      const node = caches.of(NODES).get(name);
      if (!node) {
        heartbeats.delete(name);
        return;
      }
      const lease = caches.of(LEASES).get(`${LEASE_NAMESPACE}/${name}`);
      // Silence is measured: it does not come of a clock that is set.
      const heartbeat = observeHeartbeat(heartbeats.get(name), node, lease, clock.monotonic());
      heartbeats.set(name, heartbeat);
      const timestamp = formatTime(clock.now());
      const conditions = silentConditions(node, heartbeat, clock.monotonic(), timestamp);
      const current = conditions ? await markSilent(node, conditions, context) : node;
      if (readyCondition(current)?.status !== "True") await markPodsNotReady(name, context);
      const taints = wantedTaints(current, timestamp);
      if (!taints) return;
      await unlessGone(
        context.client.patch(NODES, parseKey(name), {
          type: "merge",
          body: { metadata: { resourceVersion: current.metadata.resourceVersion }, spec: { taints } },
        }),
      );
    },
  });
}

async function markSilent(node: Node, conditions: readonly object[], { client, recorder }: SyncContext): Promise<Node> {
  const { name = "", resourceVersion } = node.metadata;
  const body = { metadata: { resourceVersion }, status: { conditions } };
  const patched = await client.patch(NODES, parseKey(name), { type: "merge", body }, { subresource: "status" });
  if (readyCondition(node)?.status === "True") {
    recorder.event(patched, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
  }
  return patched;
}

/** Pods of a node that is not ready count as not ready: nobody there can tell (upstream MarkPodsNotReady). */
async function markPodsNotReady(nodeName: string, { caches, client, clock, recorder }: SyncContext): Promise<void> {
  for (const pod of caches.of(PODS).index(PODS_BY_NODE, nodeName)) {
    const conditions = pod.status?.conditions ?? [];
    if (!conditions.some(({ type, status }) => type === "Ready" && status === "True")) continue;
    const turned = conditions.map((condition) =>
      condition.type === "Ready"
        ? { ...condition, status: "False", lastTransitionTime: formatTime(clock.now()) }
        : condition,
    );
    await unlessGone(patchPodStatus(client, pod, { conditions: turned }));
    recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
  }
}

function patchPodStatus(client: SyncContext["client"], pod: Pod, status: object): Promise<Pod> {
  const { namespace = "", name = "", resourceVersion } = pod.metadata;
  const body = { metadata: { resourceVersion }, status };
  return client.patch(PODS, { namespace, name }, { type: "merge", body }, { subresource: "status" });
}
