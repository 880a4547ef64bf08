import { messageOf } from "#base";
import { ENDPOINTS, keyOf, parseKey, SERVICES, type Endpoints } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import { itself, watch } from "../framework/watch.ts";
import { LEADER } from "../service-pods/names.ts";
import { restAfter } from "../service-pods/rest.ts";
import { selectorOf, servicePodsOf, watchServicePods } from "../service-pods/service-pods.ts";
import { triggerTime, type TriggerTimes } from "../service-pods/trigger-time.ts";
import { planEndpoints } from "./plan.ts";

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
    start({ caches, enqueue }) {
      const seen = new Map<string, TriggerTimes>();
      // Endpoints whose Service went while the controller was down. Those that leaders are elected by never had one.
      for (const endpoints of caches.of(ENDPOINTS).list()) {
        if (endpoints.metadata.annotations?.[LEADER] === undefined) enqueue(keyOf(endpoints));
      }
      return async (key, context) => {
        const { caches, client } = context;
        const service = caches.of(SERVICES).get(key);
        const current = caches.of(ENDPOINTS).get(key);
        if (!service) {
          seen.delete(key);
          if (current) await unlessGone(client.delete(ENDPOINTS, parseKey(key)));
          return;
        }
        if (!selectorOf(service)) return;
        const pods = servicePodsOf(caches).podsOf(key);
        const { time, times } = triggerTime(service, pods, seen.get(key));
        const wanted = planEndpoints({ service, pods, current, triggerTime: time });
        if (wanted) await write(wanted, current !== undefined, context);
        seen.set(key, times);
        return wanted ? { restMs: restAfter(pods.length) } : {};
      };
    },
  });
}

async function write(wanted: Endpoints, exists: boolean, { client, recorder }: SyncContext): Promise<void> {
  const key = keyOf(wanted);
  try {
    if (exists) await client.update(ENDPOINTS, wanted);
    else await client.create(ENDPOINTS, wanted);
  } catch (error) {
    if (!exists && isNamespaceTerminating(error)) return;
    const [reason, what] = exists
      ? ["FailedToUpdateEndpoint", `Failed to update endpoint ${key}`]
      : ["FailedToCreateEndpoint", `Failed to create endpoint for service ${key}`];
    recorder.event(wanted, "Warning", reason, `${what}: ${messageOf(error)}`);
    throw error;
  }
}
