import { CONFIG_MAPS, hasReason, keyOf } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { watch } from "../framework/watch.ts";
import { planTracking, TRACKING, type TrackingView } from "./plan.ts";

const KEY = keyOf(TRACKING);

/** Keeps the ConfigMap that says since when the uses of tokens in Secrets are tracked. Upstream does it in the API server. */
export function legacyTokenTracker(): ControllerDefinition {
  return defineController({
    name: "legacy-token-tracking-controller",
    watches: [watch(CONFIG_MAPS, ({ object }) => (keyOf(object) === KEY ? KEY : undefined))],
    writes: [allow(CONFIG_MAPS, "create", "update")],
    start({ clock, enqueue }) {
      /** On the clock that is never set. */
      let madeAt: number | undefined;
      enqueue(KEY);
      return syncByPlan({
        look: (_key, { caches }): TrackingView => ({
          configMap: caches.of(CONFIG_MAPS).get(KEY),
          madeAgoMs: madeAt === undefined ? undefined : clock.monotonic() - madeAt,
        }),
        plan: planTracking,
        async apply(step, { client }) {
          try {
            if (step.type === "create") {
              await client.create(CONFIG_MAPS, step.configMap);
              madeAt = clock.monotonic();
            } else await client.update(CONFIG_MAPS, step.configMap);
          } catch (error) {
            // Another server was first: the watch shows in a moment what it did.
            if (!hasReason(error, "AlreadyExists", "Conflict")) throw error;
          }
        },
      });
    },
  });
}
