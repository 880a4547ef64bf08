import { NODES, parseKey } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { itself, watch } from "../framework/watch.ts";
import { planTtl, ttlStep, TTL_ANNOTATION } from "./plan.ts";

/** Tells each node how long its kubelet may keep ConfigMaps and Secrets that it has read: longer, the more nodes there are. */
export function ttlController(): ControllerDefinition {
  return defineController({
    name: "ttl-controller",
    watches: [watch(NODES, itself)],
    writes: [allow(NODES, "patch")],
    start() {
      let step = 0;
      return async (name, { caches, client, enqueue }) => {
        const nodes = caches.of(NODES);
        const before = step;
        step = ttlStep(step, nodes.size);
        if (step !== before) for (const { metadata } of nodes.list()) enqueue(metadata.name ?? "");
        const node = nodes.get(name);
        if (!node) return;
        for (const { seconds } of planTtl(node, step).steps) {
          const body = { metadata: { annotations: { [TTL_ANNOTATION]: seconds } } };
          await unlessGone(client.patch(NODES, parseKey(name), { type: "merge", body }));
        }
      };
    },
  });
}
