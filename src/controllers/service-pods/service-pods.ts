import type { Cache, Change, SharedCaches } from "#client";
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
/** By the cache of the pods. */
const known = new WeakMap<Cache<Pod>, ServicePods>();

/** The one of these caches, whose first lists must have arrived. */
export function servicePodsOf(caches: SharedCaches): ServicePods {
  const pods = caches.of(PODS);
  let found = known.get(pods);
  if (!found) known.set(pods, (found = createServicePods(caches)));
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
  const servicesBy = new Map<string, Set<string>>();
  const wakers = new Set<(service: string) => void>();

  const link = (service: string, pod: string) => {
    podsBy.get(service)?.add(pod);
    const of = servicesBy.get(pod);
    if (of) of.add(service);
    else servicesBy.set(pod, new Set([service]));
  };
  const unlink = (service: string, pod: string) => {
    podsBy.get(service)?.delete(pod);
    const of = servicesBy.get(pod);
    if (of?.delete(service) && of.size === 0) servicesBy.delete(pod);
  };

  const onPod = (change: Change<Pod>) => {
    const { metadata } = change.object;
    const key = keyOf(change.object);
    const before = new Set(servicesBy.get(key));
    const now = new Set(change.type === "deleted" ? [] : table.matching(metadata.namespace ?? "", metadata.labels));
    const left = [...before].filter((service) => !now.has(service));
    const joined = [...now].filter((service) => !before.has(service));
    for (const service of left) unlink(service, key);
    for (const service of joined) link(service, key);
    const effect = before.size + now.size === 0 ? "none" : effectOf(change);
    if (effect === "none") return;
    for (const service of effect === "all" ? [...before, ...joined] : [...left, ...joined]) {
      for (const wake of wakers) wake(service);
    }
  };

  const add = (service: Service) => {
    const selector = selectorOf(service);
    if (!selector) return;
    const { namespace = "" } = service.metadata;
    const key = keyOf(service);
    table.add(namespace, key, selector);
    podsBy.set(key, new Set());
    const wanted = Object.entries(selector);
    for (const pod of pods.index("namespace", namespace)) {
      const { labels = {} } = pod.metadata;
      if (wanted.every(([label, value]) => labels[label] === value)) link(key, keyOf(pod));
    }
  };
  const remove = (service: Service) => {
    const selector = selectorOf(service);
    if (!selector) return;
    const key = keyOf(service);
    table.remove(service.metadata.namespace ?? "", key, selector);
    for (const pod of podsBy.get(key) ?? NONE) unlink(key, pod);
    podsBy.delete(key);
  };
  const onService = ({ type, object, previous }: Change<Service>) => {
    if (previous && equalJson(selectorOf(previous), selectorOf(object))) return;
    if (previous) remove(previous);
    if (type === "deleted") remove(object);
    else add(object);
  };

  services.subscribe(onService);
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
    servicesOf: (pod) => [...(servicesBy.get(pod) ?? NONE)],
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
