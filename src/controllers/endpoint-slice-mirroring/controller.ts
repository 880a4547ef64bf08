import { messageOf } from "#base";
import { ENDPOINT_SLICES, ENDPOINTS, keyOf, SERVICES, type Endpoints, type Service } from "#objects";
import { applySliceStep } from "../endpoint-slice/apply.ts";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import { isManagedBy, serviceKeyOf, servicesOfSlices, SLICES_BY_SERVICE } from "../service-pods/names.ts";
import { hasSelector } from "../service-pods/pod.ts";
import { isMirrored, MIRROR, planMirror } from "./plan.ts";

/** Mirrors Endpoints that a user made for a Service without a selector into EndpointSlices, which is what is read. */
export function endpointSliceMirroringController(): ControllerDefinition {
  return defineController({
    name: "endpoint-slice-mirroring-controller",
    watches: [watch(ENDPOINTS, changed), watch(SERVICES, selection), watch(ENDPOINT_SLICES, servicesOfSlices(MIRROR))],
    writes: [allow(ENDPOINT_SLICES, "create", "update", "delete")],
    start({ caches }) {
      caches.of(ENDPOINT_SLICES).addIndex(SLICES_BY_SERVICE, serviceKeyOf);
      return async (key, context) => {
        const { caches, recorder } = context;
        const endpoints = caches.of(ENDPOINTS).get(key);
        const plan = planMirror({
          endpoints,
          service: caches.of(SERVICES).get(key),
          slices: caches.of(ENDPOINT_SLICES).index(SLICES_BY_SERVICE, key).filter(isManagedBy(MIRROR)),
        });
        if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
        try {
          for (const step of plan.steps) {
            if (step.type === "warn") recorder.event(step.endpoints, "Warning", step.reason, step.message);
            else await applySliceStep(step, `Endpoints ${key}`, context);
          }
        } catch (error) {
          const message = `Error updating Endpoint Slices for Endpoints ${key}: ${messageOf(error)}`;
          if (endpoints) recorder.event(endpoints, "Warning", "FailedToUpdateEndpointSlices", message);
          throw error;
        }
      };
    },
  });
}

const changed: KeysOf<Endpoints> = ({ object, previous }) =>
  isMirrored(object) || (previous && isMirrored(previous)) ? keyOf(object) : undefined;

const selection: KeysOf<Service> = ({ object, previous }) => {
  const selects = hasSelector(object);
  const concerned = previous ? selects !== hasSelector(previous) : !selects;
  return concerned ? keyOf(object) : undefined;
};
