import { keyOf, NODES, parseKey, PODS, type Pod } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { conditionOf } from "../framework/pod-condition.ts";
import { itself, watch } from "../framework/watch.ts";
import { PODS_BY_NODE } from "../node-lifecycle/controller.ts";
import { planEviction } from "./plan.ts";

/** Deletes the pods that do not tolerate a NoExecute taint of their node, or no longer do. */
export function taintEvictionController(): ControllerDefinition {
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
    writes: [allow(PODS, "patch/status", "delete")],
    start({ caches }) {
      /** When pods must leave, by their keys: milliseconds on the clock that is never set. */
      const due = new Map<string, number>();
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      return async (key, context) => {
        const { caches, clock } = context;
        const pod = caches.of(PODS).get(key);
        const { nodeName } = pod?.spec ?? {};
        if (pod && !nodeName) return undefined;
        const node = nodeName ? caches.of(NODES).get(nodeName) : undefined;
        const now = clock.monotonic();
        const plan = planEviction({ pod, node, due: due.get(key) }, now);
        for (const step of plan.steps) {
          switch (step.type) {
            case "schedule":
              due.set(key, step.due);
              break;
            case "cancel":
              due.delete(key);
              cancelled(key, pod, context);
              break;
            case "evict":
              await evict(step.pod, key, context);
              due.delete(key);
          }
        }
        return plan.requeueAt === undefined ? {} : { requeueAt: clock.now() + plan.requeueAt - now };
      };
    },
  });
}

function cancelled(key: string, pod: Pod | undefined, { recorder }: SyncContext): void {
  const about = pod ?? { apiVersion: "v1", kind: "Pod", ...parseKey(key) };
  recorder.event(about, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
}

async function evict(pod: Pod, key: string, { client, clock, recorder }: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  recorder.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
  const because = { reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint" };
  const condition = conditionOf(pod, { type: "DisruptionTarget", status: "True", ...because }, clock.now());
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  const subject = { namespace, name };
  const patched = await unlessGone(client.patch(PODS, subject, { type: "strategic", body }, { subresource: "status" }));
  if (patched) await unlessGone(client.delete(PODS, subject, { preconditions: { uid } }));
}
