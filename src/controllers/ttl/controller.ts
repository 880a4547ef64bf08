import { NODES, parseKey } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { itself, watch } from "../framework/watch.ts";
import { planTtl, TTL_ANNOTATION, type TtlView } from "./plan.ts";

/** Tells each node how long its kubelet may keep ConfigMaps and Secrets that it has read: longer, the more nodes there are. */
export function ttlController(): ControllerDefinition {
  return defineController({
    name: "ttl-controller",
    watches: [watch(NODES, itself)],
    writes: [allow(NODES, "patch")],
    start() {
      let step = 0;
      return syncByPlan({
        look: (name, { caches }): TtlView => ({ node: caches.of(NODES).get(name), nodes: caches.of(NODES).size, step }),
        plan: planTtl,
        async apply(next, { caches, client, enqueue }) {
          if (next.type === "enter") {
            step = next.step;
            for (const { metadata } of caches.of(NODES).list()) enqueue(metadata.name ?? "");
          } else {
            const body = { metadata: { annotations: { [TTL_ANNOTATION]: next.seconds } } };
            await unlessGone(client.patch(NODES, parseKey(next.node.metadata.name ?? ""), { type: "merge", body }));
          }
        },
      });
    },
  });
}
