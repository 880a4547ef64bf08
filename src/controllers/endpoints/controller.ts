import { messageOf } from "#base";
import { ENDPOINTS, keyOf, parseKey, SERVICES } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import { itself, watch } from "../framework/watch.ts";
import { LEADER } from "../service-pods/names.ts";
import { restAfter } from "../service-pods/rest.ts";
import { selectorOf, useServicePods, watchServicePods } from "../service-pods/service-pods.ts";
import { triggerTime, type TriggerTimes } from "../service-pods/trigger-time.ts";
import { planEndpoints, type EndpointsStep } from "./plan.ts";

/** Keeps the Endpoints of every Service that has a selector: the older form of EndpointSlices. */
export function endpointsController(): ControllerDefinition {
  return defineController({
    name: "endpoint-controller",
    watches: [
      watch(SERVICES, itself),
      watchServicePods,
      watch(ENDPOINTS, ({ type, object }) => (type === "deleted" ? keyOf(object) : undefined)),
    ],
    writes: [allow(ENDPOINTS, "create", "update", "delete")],
    start({ caches, enqueue, signal }) {
      const servicePods = useServicePods(caches, signal);
      const seen = new Map<string, TriggerTimes>();
      // Endpoints whose Service went while the controller was down. Those that leaders are elected by never had one.
      for (const endpoints of caches.of(ENDPOINTS).list()) {
        if (endpoints.metadata.annotations?.[LEADER] === undefined) enqueue(keyOf(endpoints));
      }
      return async (key, context) => {
        const { caches } = context;
        const service = caches.of(SERVICES).get(key);
        const current = caches.of(ENDPOINTS).get(key);
        if (!service) seen.delete(key);
        if (service && !selectorOf(service)) return;
        const pods = service ? servicePods.podsOf(key) : [];
        const trigger = service && triggerTime(service, pods, seen.get(key));
        const plan = planEndpoints({ service, pods, current, triggerTime: trigger?.time });
        if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
        for (const step of plan.steps) await apply(step, context);
        if (trigger) seen.set(key, trigger.times);
        return service && plan.steps.length > 0 ? { restMs: restAfter(pods.length) } : {};
      };
    },
  });
}

const FAILURES = {
  create: { reason: "FailedToCreateEndpoint", what: "Failed to create endpoint for service" },
  update: { reason: "FailedToUpdateEndpoint", what: "Failed to update endpoint" },
  delete: undefined,
};

async function apply({ type, endpoints }: EndpointsStep, { client, recorder }: SyncContext): Promise<void> {
  const key = keyOf(endpoints);
  try {
    if (type === "create") await client.create(ENDPOINTS, endpoints);
    else if (type === "update") await client.update(ENDPOINTS, endpoints);
    else await unlessGone(client.delete(ENDPOINTS, parseKey(key)));
  } catch (error) {
    if (type === "create" && isNamespaceTerminating(error)) return;
    const failure = FAILURES[type];
    if (failure) recorder.event(endpoints, "Warning", failure.reason, `${failure.what} ${key}: ${messageOf(error)}`);
    throw error;
  }
}
