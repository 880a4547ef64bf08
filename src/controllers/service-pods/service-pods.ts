import type { Change, SharedCaches } from "#client";
import { equalJson, isPodReady, keyOf, PODS, SERVICES, type Pod, type Service } from "#objects";
import type { Watch } from "../framework/watch.ts";
import { hasSelector, isInEndpoints } from "./pod.ts";
import { SelectorTable } from "./selector-table.ts";

/** Which pods each Service selects, kept change by change: neither side is ever searched. */
export interface ServicePods {
  /** The pods that the Service of this key selects now. */
  podsOf(service: string): readonly Pod[];
  /** The keys of the Services that select the pod of this key. */
  servicesOf(pod: string): readonly string[];
  /** Calls back with the key of each Service whose endpoints a change of a pod may change. */
  subscribe(wake: (service: string) => void): () => void;
}

const NONE: readonly string[] = Object.freeze([]);
const known = new WeakMap<SharedCaches, ServicePods>();

/** The one of these caches, whose first lists must have arrived. */
export function servicePodsOf(caches: SharedCaches): ServicePods {
  let found = known.get(caches);
  if (!found) known.set(caches, (found = createServicePods(caches)));
  return found;
}

/** The selector by which the Service gets its endpoints; undefined when it gets none this way. */
export function selectorOf(service: Service): Readonly<Record<string, string>> | undefined {
  return service.spec?.type !== "ExternalName" && hasSelector(service) ? service.spec?.selector : undefined;
}

/** An input of a controller: pods, waking the Services whose endpoints their changes may change. */
export const watchServicePods: Watch = {
  type: PODS,
  cache: (caches) => caches.of(PODS),
  subscribe: (caches, wake) => servicePodsOf(caches).subscribe(wake),
};

function createServicePods(caches: SharedCaches): ServicePods {
  const pods = caches.of(PODS);
  const services = caches.of(SERVICES);
  const table = new SelectorTable();
  const podsBy = new Map<string, Set<string>>();
  // Only of pods that some Service selects.
  const servicesBy = new Map<string, readonly string[]>();
  const wakers = new Set<(service: string) => void>();

  const link = (pod: string, now: readonly string[]): readonly string[] => {
    const before = servicesBy.get(pod) ?? NONE;
    for (const service of before) if (!now.includes(service)) podsBy.get(service)?.delete(pod);
    for (const service of now) podsBy.get(service)?.add(pod);
    if (now.length > 0) servicesBy.set(pod, now);
    else servicesBy.delete(pod);
    return before;
  };
  const selecting = ({ metadata }: Pod) => table.matching(metadata.namespace ?? "", metadata.labels);

  const onPod = (change: Change<Pod>) => {
    const key = keyOf(change.object);
    const now = change.type === "deleted" ? NONE : selecting(change.object);
    if (now.length === 0 && !servicesBy.has(key)) return;
    const before = link(key, now);
    const effect = effectOf(change);
    if (effect === "none") return;
    for (const service of new Set([...before, ...now])) {
      if (effect === "membership" && before.includes(service) && now.includes(service)) continue;
      for (const wake of wakers) wake(service);
    }
  };

  const add = (service: Service): boolean => {
    const selector = selectorOf(service);
    if (!selector) return false;
    table.add(service.metadata.namespace ?? "", keyOf(service), selector);
    podsBy.set(keyOf(service), new Set());
    return true;
  };
  const remove = (service: Service) => {
    const selector = selectorOf(service);
    if (!selector) return;
    const key = keyOf(service);
    table.remove(service.metadata.namespace ?? "", key, selector);
    for (const pod of podsBy.get(key) ?? []) {
      link(
        pod,
        (servicesBy.get(pod) ?? NONE).filter((other) => other !== key),
      );
    }
    podsBy.delete(key);
  };
  const onService = ({ type, object, previous }: Change<Service>) => {
    if (previous && equalJson(selectorOf(previous), selectorOf(object))) return;
    if (previous) remove(previous);
    if (type === "deleted") remove(object);
    else if (add(object)) {
      for (const pod of pods.index("namespace", object.metadata.namespace ?? "")) link(keyOf(pod), selecting(pod));
    }
  };

  for (const service of services.list()) add(service);
  for (const pod of pods.list()) link(keyOf(pod), selecting(pod));
  services.subscribe(onService, { replay: false });
  pods.subscribe(onPod, { replay: false });

  return {
    podsOf: (service) => {
      const found: Pod[] = [];
      for (const key of podsBy.get(service) ?? NONE) {
        const pod = pods.get(key);
        if (pod) found.push(pod);
      }
      return found;
    },
    servicesOf: (pod) => servicesBy.get(pod) ?? NONE,
    subscribe(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
  };
}

/**
 * What a change of a pod may change of endpoints (upstream podEndpointsChanged): nothing, those of the Services that it
 * comes under or leaves, or those of all its Services.
 */
function effectOf({ type, object, previous }: Change<Pod>): "none" | "membership" | "all" {
  if (type === "deleted") return "all";
  const is = isInEndpoints(object, true);
  const was = previous !== undefined && isInEndpoints(previous, true);
  if (!is && !was) return "none";
  const same =
    previous &&
    is === was &&
    previous.metadata.deletionTimestamp === object.metadata.deletionTimestamp &&
    isPodReady(previous) === isPodReady(object) &&
    previous.spec?.hostname === object.spec?.hostname &&
    previous.spec?.subdomain === object.spec?.subdomain &&
    equalJson(previous.status?.podIPs, object.status?.podIPs);
  return same ? "membership" : "all";
}
