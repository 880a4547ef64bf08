import type { Cache, Change, SharedCaches } from "#client";
import { equalJson, isPodReady, keyOf, PODS, SERVICES, type Pod, type Service } from "#objects";
import type { Watch } from "../framework/watch.ts";
import { hasSelector, isInEndpoints } from "./pod.ts";
import { SelectorTable } from "./selector-table.ts";

const NONE: readonly string[] = Object.freeze([]);

/** A table in use, by the cache of its pods. The last user takes it along. */
interface Shared {
  readonly servicePods: ServicePods;
  users: number;
}
const inUse = new WeakMap<Cache<Pod>, Shared>();

/** The table of these caches, which all controllers share. Their first lists must have arrived. */
export function useServicePods(caches: SharedCaches, signal: AbortSignal): ServicePods {
  const { servicePods, release } = acquire(caches);
  signal.addEventListener("abort", release, { once: true });
  return servicePods;
}

/** The table of these caches while a controller uses it. */
export const servicePodsOf = (caches: SharedCaches): ServicePods | undefined => inUse.get(caches.of(PODS))?.servicePods;

function acquire(caches: SharedCaches) {
  const pods = caches.of(PODS);
  let found = inUse.get(pods);
  if (!found) inUse.set(pods, (found = { servicePods: new ServicePods(pods, caches.of(SERVICES)), users: 0 }));
  const shared = found;
  shared.users++;
  const release = () => {
    if (--shared.users > 0) return;
    shared.servicePods.close();
    inUse.delete(pods);
  };
  return { servicePods: shared.servicePods, release };
}

/** The selector by which the Service gets its endpoints; undefined when it gets none this way. */
export function selectorOf(service: Service): Readonly<Record<string, string>> | undefined {
  return service.spec?.type !== "ExternalName" && hasSelector(service) ? service.spec?.selector : undefined;
}

/** An input of a controller: pods, waking the Services whose endpoints their changes may change. */
export const watchServicePods: Watch = {
  type: PODS,
  isOwn: false,
  cache: (caches) => caches.of(PODS),
  subscribe(caches, wake) {
    const { servicePods, release } = acquire(caches);
    const unsubscribe = servicePods.subscribe(wake);
    return () => {
      unsubscribe();
      release();
    };
  },
};

/** Which pods each Service selects, kept change by change: neither side is ever searched. */
export class ServicePods {
  readonly #pods: Cache<Pod>;
  readonly #table = new SelectorTable();
  readonly #podsBy = new Map<string, Set<string>>();
  // Only of pods that some Service selects.
  readonly #servicesBy = new Map<string, Set<string>>();
  readonly #wakers = new Set<(service: string) => void>();
  readonly #subscriptions: readonly (() => void)[];

  constructor(pods: Cache<Pod>, services: Cache<Service>) {
    this.#pods = pods;
    this.#subscriptions = [
      services.subscribe((change) => this.#onService(change)),
      pods.subscribe((change) => this.#onPod(change), { replay: false }),
    ];
  }

  /** The pods that the Service of this key selects now. */
  podsOf(service: string): readonly Pod[] {
    const found: Pod[] = [];
    for (const key of this.#podsBy.get(service) ?? NONE) {
      const pod = this.#pods.get(key);
      if (pod) found.push(pod);
    }
    return found;
  }

  /** The keys of the Services that select the pod of this key. */
  servicesOf(pod: string): readonly string[] {
    return [...(this.#servicesBy.get(pod) ?? NONE)];
  }

  /** Calls back with the key of each Service whose endpoints a change of a pod may change. */
  subscribe(wake: (service: string) => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** From now on changes are not followed. */
  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  #onPod(change: Change<Pod>): void {
    const { metadata } = change.object;
    const key = keyOf(change.object);
    const before = new Set(this.#servicesBy.get(key));
    const now = new Set(
      change.type === "deleted" ? [] : this.#table.matching(metadata.namespace ?? "", metadata.labels),
    );
    const left = [...before].filter((service) => !now.has(service));
    const joined = [...now].filter((service) => !before.has(service));
    for (const service of left) this.#unlink(service, key);
    for (const service of joined) this.#link(service, key);
    const effect = before.size + now.size === 0 ? "none" : effectOf(change);
    if (effect === "none") return;
    for (const service of effect === "all" ? [...before, ...joined] : [...left, ...joined]) {
      for (const wake of this.#wakers) wake(service);
    }
  }

  #onService({ type, object, previous }: Change<Service>): void {
    if (previous && equalJson(selectorOf(previous), selectorOf(object))) return;
    if (previous) this.#remove(previous);
    if (type === "deleted") this.#remove(object);
    else this.#add(object);
  }

  #add(service: Service): void {
    const selector = selectorOf(service);
    if (!selector) return;
    const { namespace = "" } = service.metadata;
    const key = keyOf(service);
    this.#table.add(namespace, key, selector);
    this.#podsBy.set(key, new Set());
    const wanted = Object.entries(selector);
    for (const pod of this.#pods.index("namespace", namespace)) {
      const { labels = {} } = pod.metadata;
      if (wanted.every(([label, value]) => labels[label] === value)) this.#link(key, keyOf(pod));
    }
  }

  #remove(service: Service): void {
    const selector = selectorOf(service);
    if (!selector) return;
    const key = keyOf(service);
    this.#table.remove(service.metadata.namespace ?? "", key, selector);
    for (const pod of this.#podsBy.get(key) ?? NONE) this.#unlink(key, pod);
    this.#podsBy.delete(key);
  }

  #link(service: string, pod: string): void {
    this.#podsBy.get(service)?.add(pod);
    const of = this.#servicesBy.get(pod);
    if (of) of.add(service);
    else this.#servicesBy.set(pod, new Set([service]));
  }

  #unlink(service: string, pod: string): void {
    this.#podsBy.get(service)?.delete(pod);
    const of = this.#servicesBy.get(pod);
    if (of?.delete(service) && of.size === 0) this.#servicesBy.delete(pod);
  }
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
