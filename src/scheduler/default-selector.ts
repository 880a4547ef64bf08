import type { Cache, SharedCaches } from "#client";
import {
  compileLabelSelector,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  selectorFromSet,
  selectorOf,
  SERVICES,
  STATEFUL_SETS,
  type KubeObject,
  type LabelMatcher,
  type Requirement,
  type Service,
} from "#objects";
import type { PodInfo } from "./model/pod-info.ts";
import type { DefaultSelector } from "./plugins/topology-spread.ts";

const INDEX = "selector-pair";

/**
 * Finds what selects a pod by default: the selectors of its Services and of the workload that controls it, all
 * together (upstream helper.DefaultSelector). Nothing that is found is scanned for.
 */
export function createDefaultSelector(caches: SharedCaches): DefaultSelector {
  const services = caches.of(SERVICES);
  services.addIndex(INDEX, ({ metadata, spec }) => {
    const first = Object.entries(spec?.selector ?? {})[0];
    return first && `${metadata.namespace}/${first[0]}=${first[1]}`;
  });
  const replicaSets = caches.of(REPLICA_SETS);
  const controllers = caches.of(REPLICATION_CONTROLLERS);
  const statefulSets = caches.of(STATEFUL_SETS);
  const compiled = new WeakMap<KubeObject, LabelMatcher>();

  const ofOwner = (pod: PodInfo): LabelMatcher | undefined => {
    const owner = pod.pod.metadata.ownerReferences?.find(({ controller }) => controller);
    if (!owner) return undefined;
    const found = <T extends KubeObject>(cache: Cache<T>, compile: (object: T) => LabelMatcher) => {
      const object = cache.get(`${pod.namespace}/${owner.name}`);
      if (!object || object.metadata.uid !== owner.uid) return undefined;
      let matcher = compiled.get(object);
      if (!matcher) compiled.set(object, (matcher = compile(object)));
      return matcher;
    };
    switch (owner.kind) {
      case "ReplicaSet":
        return found(replicaSets, ({ spec }) => compileLabelSelector(spec?.selector));
      case "StatefulSet":
        return found(statefulSets, ({ spec }) => compileLabelSelector(spec?.selector));
      case "ReplicationController":
        return found(controllers, ({ spec }) => selectorFromSet(spec?.selector ?? {}));
      default:
        return undefined;
    }
  };

  return (pod) => {
    const owner = ofOwner(pod);
    const merged = new Map<string, string>();
    for (const { spec } of servicesOf(services, pod)) {
      for (const [key, value] of Object.entries(spec?.selector ?? {})) merged.set(key, value);
    }
    if (merged.size === 0) return owner;
    const requirements: Requirement[] = [...merged].map(([key, value]) => ({ key, operator: "=", values: [value] }));
    return selectorOf([...requirements, ...(owner?.requirements ?? [])]);
  };
}

function servicesOf(services: Cache<Service>, { namespace, labels }: PodInfo): readonly Service[] {
  if (services.size === 0) return [];
  const found: Service[] = [];
  for (const key in labels) {
    for (const service of services.index(INDEX, `${namespace}/${key}=${labels[key]}`)) {
      const selector = service.spec?.selector ?? {};
      if (Object.entries(selector).every(([name, value]) => labels[name] === value)) found.push(service);
    }
  }
  return found;
}
