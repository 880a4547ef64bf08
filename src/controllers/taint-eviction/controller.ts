import { formatTime, hasReason, keyOf, NODES, PODS, type Pod } from "#objects";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { itself, watch } from "../framework/watch.ts";
import { PODS_BY_NODE } from "../node-lifecycle/controller.ts";
import { planEviction } from "./plan.ts";

/** Deletes the pods that do not tolerate a NoExecute taint of their node, or no longer do. */
export function taintEvictionController(): ControllerDefinition {
  /** Pods that were told when they must leave. */
  const marked = new Set<string>();
  return defineController({
    name: "taint-eviction-controller",
    concurrency: 8,
    watches: [
      watch(PODS, (change) => {
        const { object, previous } = change;
        const moved = change.type !== "modified" || object.spec?.nodeName !== previous?.spec?.nodeName;
        return moved || object.spec?.tolerations !== previous?.spec?.tolerations ? itself(change) : undefined;
      }),
      watch(NODES, ({ type, object, previous }, caches) => {
        // A node's heartbeat says nothing about its taints.
        const same = JSON.stringify(object.spec?.taints ?? []) === JSON.stringify(previous?.spec?.taints ?? []);
        if (type === "modified" && same) return undefined;
        return caches
          .of(PODS)
          .index(PODS_BY_NODE, object.metadata.name ?? "")
          .map(keyOf);
      }),
    ],
    start({ caches }) {
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
    },
    async sync(key, context) {
      const { caches, clock } = context;
      const pod = caches.of(PODS).get(key);
      const nodeName = pod?.spec?.nodeName;
      if (!pod || !nodeName) {
        marked.delete(key);
        return;
      }
      const eviction = planEviction(pod, caches.of(NODES).get(nodeName), clock.now());
      if (!eviction) {
        if (marked.delete(key) && !pod.metadata.deletionTimestamp) {
          context.recorder.event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
        }
        return;
      }
      marked.add(key);
      if (eviction.at > clock.now()) return { requeueAt: eviction.at };
      await evict(pod, key, context);
      return {};
    },
  });
}

async function evict(pod: Pod, key: string, { client, clock, recorder }: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  recorder.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: formatTime(clock.now()),
  };
  try {
    await client.patch(
      PODS,
      { namespace, name },
      { type: "strategic", body: { metadata: { uid }, status: { conditions: [condition] } } },
      { subresource: "status" },
    );
    await client.delete(PODS, { namespace, name }, { preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}
