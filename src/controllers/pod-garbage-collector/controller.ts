import { every } from "#base";
import { formatTime, isPodTerminal, NODES, PODS, type Pod } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch } from "../framework/watch.ts";
import { PODS_BY_NODE } from "../node-lifecycle/controller.ts";
import { isUnscheduledTerminating, surplusTerminated } from "./plan.ts";

const PERIOD_MS = 20_000;
/** How long a node must have been unknown before its pods go: a node may come back under its name. */
const QUARANTINE_MS = 40_000;
const KEY = "pods";

/** Removes pods that no kubelet would finish: of nodes that are gone, never scheduled, or finished beyond measure. */
export function podGarbageCollector(): ControllerDefinition {
  return defineController({
    name: "pod-garbage-collector-controller",
    watches: [watch(PODS), watch(NODES)],
    writes: [allow(PODS, "patch/status", "delete")],
    start({ caches, clock, signal, enqueue }) {
      /** Unknown node names, and since when. */
      const unknown = new Map<string, number>();
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      const timer = every(clock, PERIOD_MS, () => enqueue(KEY));
      signal.addEventListener("abort", () => timer.cancel(), { once: true });
      return async (_key, context) => {
        const pods = context.caches.of(PODS);
        const nodes = context.caches.of(NODES);
        const now = context.clock.now();
        for (const pod of surplusTerminated(pods.list())) await remove(pod, context);
        const names = new Set(pods.indexValues(PODS_BY_NODE));
        for (const name of unknown.keys()) if (!names.has(name) || nodes.has(name)) unknown.delete(name);
        for (const name of names) {
          if (nodes.has(name)) continue;
          const since = unknown.get(name) ?? now;
          unknown.set(name, since);
          if (now - since < QUARANTINE_MS) continue;
          for (const pod of pods.index(PODS_BY_NODE, name)) await orphaned(pod, context);
        }
        for (const pod of pods.list()) if (isUnscheduledTerminating(pod)) await remove(pod, context);
      };
    },
  });
}

async function orphaned(pod: Pod, context: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata;
  if (!isPodTerminal(pod)) {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
      lastTransitionTime: formatTime(context.clock.now()),
    };
    await unlessGone(
      context.client.patch(
        PODS,
        { namespace, name },
        { type: "strategic", body: { metadata: { uid }, status: { phase: "Failed", conditions: [condition] } } },
        { subresource: "status" },
      ),
    );
  }
  await remove(pod, context);
}

async function remove(pod: Pod, { client }: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  await unlessGone(client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }));
}
