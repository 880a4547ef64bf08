import { isPodTerminal, NODES, parseKey, PODS, type Node, type Pod } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { allOf } from "../framework/parallel.ts";
import { watch } from "../framework/watch.ts";
import { PODS_BY_NODE } from "../node-lifecycle/controller.ts";
import { planGarbage, planQuarantine, type GarbageStep, type GarbageView } from "./plan.ts";

const PERIOD_MS = 20_000;
const KEY = "pods";

/** The pods that may be garbage by themselves: `terminated`, `deleting` or both. */
const GARBAGE = "pod-garbage";
const groupsOf = (pod: Pod): string[] => [
  ...(isPodTerminal(pod) ? ["terminated"] : []),
  ...(pod.metadata.deletionTimestamp === undefined ? [] : ["deleting"]),
];

/** Removes pods that no kubelet would finish: of nodes that are gone, never scheduled, or finished beyond measure. */
export function podGarbageCollector(): ControllerDefinition {
  return defineController({
    name: "pod-garbage-collector-controller",
    watches: [watch(PODS), watch(NODES)],
    writes: [allow(PODS, "patch/status", "delete")],
    start({ caches, enqueue }) {
      /** Missing nodes, and since when: milliseconds on the clock that is never set. */
      const since = new Map<string, number>();
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      caches.of(PODS).addIndex(GARBAGE, groupsOf);
      enqueue(KEY);
      return async (_key, context) => {
        const { clock, log } = context;
        const view = look(await missingForGood(since, context), context);
        const plan = planGarbage(view, clock.now());
        if (plan.steps.length > 0) log.info("removing pods", { because: plan.because });
        const failure = await allOf(plan.steps, (step) => remove(step, context));
        if (failure) log.warn("not every pod could be removed", { error: failure.error });
        return { requeueAt: clock.now() + PERIOD_MS };
      };
    },
  });
}

function look(gone: readonly string[], { caches }: SyncContext): GarbageView {
  const pods = caches.of(PODS);
  const deleting = pods.index(GARBAGE, "deleting");
  const nodes = new Map<string, Node>();
  for (const { spec } of deleting) {
    const node = spec?.nodeName ? caches.of(NODES).get(spec.nodeName) : undefined;
    if (node) nodes.set(spec?.nodeName ?? "", node);
  }
  return {
    terminated: pods.index(GARBAGE, "terminated"),
    deleting,
    nodes,
    orphaned: gone.flatMap((name) => pods.index(PODS_BY_NODE, name)),
  };
}

/** The nodes that pods name, that have been missing for long, and that the API does not have. */
async function missingForGood(since: Map<string, number>, context: SyncContext): Promise<readonly string[]> {
  const { caches, client, clock, log } = context;
  const nodes = caches.of(NODES);
  const missing = [...caches.of(PODS).indexValues(PODS_BY_NODE)].filter((name) => !nodes.has(name));
  const now = clock.monotonic();
  const gone: string[] = [];
  for (const { type, node } of planQuarantine({ missing, since }, now).steps) {
    if (type === "quarantine") since.set(node, now);
    else if (type === "release") since.delete(node);
    else {
      try {
        if (!(await unlessGone(client.get(NODES, parseKey(node))))) gone.push(node);
      } catch (error) {
        // The next look asks again; the other nodes need not wait for it.
        log.warn("could not ask for a node", { node, error });
      }
    }
  }
  return gone;
}

async function remove({ pod, status }: GarbageStep, { client }: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  const subject = { namespace, name };
  if (status) {
    const body = { metadata: { uid }, status };
    await unlessGone(client.patch(PODS, subject, { type: "strategic", body }, { subresource: "status" }));
  }
  await unlessGone(client.delete(PODS, subject, { gracePeriodSeconds: 0, preconditions: { uid } }));
}
