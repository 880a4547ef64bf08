import { JOBS, keyOf, parseKey } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch } from "../framework/watch.ts";
import { planFinished } from "./plan.ts";

/** Deletes finished Jobs once they have been kept for their `ttlSecondsAfterFinished`. */
export const ttlAfterFinishedController: ControllerDefinition = defineController({
  name: "ttl-after-finished-controller",
  watches: [
    watch(JOBS, ({ object }) => (object.spec?.ttlSecondsAfterFinished === undefined ? undefined : keyOf(object))),
  ],
  writes: [allow(JOBS, "delete")],
  start: () => async (key, context) => {
    const { caches, client, clock, log } = context;
    const seen = caches.of(JOBS).get(key);
    if (!seen) return undefined;
    let plan = planFinished({ job: seen }, clock.now());
    if (plan.steps.length > 0) {
      // A watch may lag, and the client may have asked for more time: what is deleted does not come back.
      const job = await unlessGone(client.get(JOBS, parseKey(key)));
      if (!job) return undefined;
      plan = planFinished({ job }, clock.now());
      for (const { expiredAt } of plan.steps) {
        log.debug("deleting a finished job", { key, because: plan.because, lateMs: clock.now() - expiredAt });
        const { uid = "" } = job.metadata;
        const options = { propagationPolicy: "Foreground", preconditions: { uid } } as const;
        await unlessGone(client.delete(JOBS, parseKey(key), options));
      }
    }
    return plan.requeueAt === undefined ? undefined : { requeueAt: plan.requeueAt };
  },
});
