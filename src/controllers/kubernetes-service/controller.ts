import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  hasReason,
  keyOf,
  parseKey,
  SERVICES,
  type KubeObject,
  type New,
  type Service,
} from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import { planKubernetesService, type Advertised, type KubernetesStep, type KubernetesView } from "./plan.ts";

export interface KubernetesServiceOptions {
  /** The Service, to be made again when a client deletes it. */
  readonly service: New<Service>;
  /** Where the API server is reached; undefined: nowhere that a pod could come to. */
  readonly advertise: Advertised | undefined;
}

const KEY = "default/kubernetes";

/** Keeps the Service `default/kubernetes` and makes it lead to the API server, whatever clients do to it. */
export function kubernetesServiceController({ service, advertise }: KubernetesServiceOptions): ControllerDefinition {
  return defineController({
    name: "kubernetes-service-controller",
    watches: [watch(SERVICES, ours), watch(ENDPOINTS, ours), watch(ENDPOINT_SLICES, ours)],
    writes: [
      allow(SERVICES, "create"),
      allow(ENDPOINTS, "create", "update"),
      allow(ENDPOINT_SLICES, "create", "update", "delete"),
    ],
    start({ enqueue }) {
      enqueue(KEY);
      return syncByPlan({
        look: (_key, { caches }): KubernetesView => ({
          service: caches.of(SERVICES).get(KEY),
          endpoints: caches.of(ENDPOINTS).get(KEY),
          slice: caches.of(ENDPOINT_SLICES).get(KEY),
          advertised: advertise,
        }),
        plan: planKubernetesService,
        apply: (step, context) => apply(step, service, context),
      });
    },
  });
}

async function apply(step: KubernetesStep, service: New<Service>, { client }: SyncContext): Promise<void> {
  try {
    switch (step.type) {
      case "create service":
        await client.create(SERVICES, service);
        return;
      case "create endpoints":
        await client.create(ENDPOINTS, step.object);
        return;
      case "update endpoints":
        await client.update(ENDPOINTS, step.object);
        return;
      case "create slice":
        await client.create(ENDPOINT_SLICES, step.object);
        return;
      case "update slice":
        await client.update(ENDPOINT_SLICES, step.object);
        return;
      case "delete slice":
        await unlessGone(client.delete(ENDPOINT_SLICES, parseKey(KEY)));
    }
  } catch (error) {
    // Another server made it meanwhile; the watch shows it in a moment.
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}

const ours: KeysOf<KubeObject> = ({ object }) => (keyOf(object) === KEY ? KEY : undefined);
