import { messageOf } from "#base";
import type { SharedCaches } from "#client";
import { ENDPOINT_SLICES, keyOf, NODES, PODS, SERVICES, type Node, type Pod } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { itself, watch, type KeysOf } from "../framework/watch.ts";
import { PODS_BY_NODE } from "../node-lifecycle/controller.ts";
import { isManagedBy, serviceKeyOf, servicesOfSlices, SLICES_BY_SERVICE } from "../service-pods/names.ts";
import { restAfter } from "../service-pods/rest.ts";
import { selectorOf, servicePodsOf, useServicePods, watchServicePods } from "../service-pods/service-pods.ts";
import { triggerTime, type TriggerTimes } from "../service-pods/trigger-time.ts";
import { applySliceStep } from "./apply.ts";
import { MANAGER, planSlices } from "./plan.ts";

const ZONE = "topology.kubernetes.io/zone";

export interface EndpointSliceOptions {
  /** How many endpoints a slice holds at most; default 100, upstream's. */
  readonly maxEndpointsPerSlice?: number;
}

/** Keeps the EndpointSlices of every Service that has a selector. */
export function endpointSliceController({
  maxEndpointsPerSlice: max = 100,
}: EndpointSliceOptions = {}): ControllerDefinition {
  return defineController({
    name: "endpoint-slice-controller",
    watches: [
      watch(SERVICES, itself),
      watchServicePods,
      watch(NODES, servicesOnNode),
      watch(ENDPOINT_SLICES, servicesOfSlices(MANAGER)),
    ],
    writes: [allow(ENDPOINT_SLICES, "create", "update", "delete")],
    start({ caches, signal }) {
      const servicePods = useServicePods(caches, signal);
      const seen = new Map<string, TriggerTimes>();
      caches.of(ENDPOINT_SLICES).addIndex(SLICES_BY_SERVICE, serviceKeyOf);
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      return async (key, context) => {
        const { caches, recorder } = context;
        const service = caches.of(SERVICES).get(key);
        if (!service) seen.delete(key);
        if (!service || !selectorOf(service)) return;
        const pods = servicePods.podsOf(key);
        const { time, times } = triggerTime(service, pods, seen.get(key));
        const plan = planSlices({
          service,
          pods,
          nodes: nodesOf(pods, caches),
          slices: caches.of(ENDPOINT_SLICES).index(SLICES_BY_SERVICE, key).filter(isManagedBy(MANAGER)),
          triggerTime: time,
          max,
        });
        if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
        try {
          for (const step of plan.steps) await applySliceStep(step, `Service ${key}`, context);
        } catch (error) {
          recorder.event(
            service,
            "Warning",
            "FailedToUpdateEndpointSlices",
            `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`,
          );
          throw error;
        }
        seen.set(key, times);
        return plan.steps.length > 0 ? { restMs: restAfter(pods.length) } : {};
      };
    },
  });
}

function nodesOf(pods: readonly Pod[], caches: SharedCaches): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  for (const { spec } of pods) {
    const name = spec?.nodeName;
    if (!name || nodes.has(name)) continue;
    const node = caches.of(NODES).get(name);
    if (node) nodes.set(name, node);
  }
  return nodes;
}

/** Endpoints name the zone of their node, and those of a node that is unknown wait until it is known. */
const servicesOnNode: KeysOf<Node> = ({ type, object, previous }, caches) => {
  if (type === "modified" && previous.metadata.labels?.[ZONE] === object.metadata.labels?.[ZONE]) return undefined;
  const on = caches.of(PODS).index(PODS_BY_NODE, object.metadata.name ?? "");
  return new Set(on.flatMap((pod) => servicePodsOf(caches)?.servicesOf(keyOf(pod)) ?? []));
};
