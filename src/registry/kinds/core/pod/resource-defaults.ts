import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isPodLevelResource,
  isSidecar,
  parseQuantity,
  type Container,
  type Draft,
  type PodSpec,
  type Quantity,
} from "#objects";

type Quantities = { [resource: string]: string };
type Part = "requests" | "limits";

/** A container that has a limit but no request of a resource requests its limit. Only in pods, not in templates. */
export function requestsFromLimits(container: Draft<Container>): void {
  const { resources } = container;
  if (!resources?.limits) return;
  resources.requests ??= {};
  for (const [name, quantity] of Object.entries(resources.limits)) resources.requests[name] ??= quantity;
}

/**
 * Fills in `spec.resources` of a pod where it says something already: limits of huge pages from the containers',
 * requests from the containers' or else from the pod's limits.
 * Source: upstream pkg/apis/core/v1 defaultHugePagePodLimits, defaultPodRequests.
 */
export function defaultPodLevelResources(spec: Draft<PodSpec>): void {
  const { resources } = spec;
  if (!resources) return;
  const isSet = (quantities: Quantities | undefined) => Object.keys(quantities ?? {}).length > 0;
  if (isSet(resources.limits) || isSet(resources.requests)) {
    for (const [name, quantity] of aggregateOf(spec, "limits")) {
      if (!name.startsWith("hugepages-") || resources.requests?.[name] !== undefined) continue;
      resources.limits ??= {};
      resources.limits[name] ??= formatQuantity(quantity);
    }
  }
  if (!isSet(resources.limits)) return;
  const requests: Quantities = resources.requests ?? {};
  for (const [name, quantity] of aggregateOf(spec, "requests")) {
    if (isPodLevelResource(name) && !name.startsWith("hugepages-")) requests[name] ??= formatQuantity(quantity);
  }
  for (const [name, quantity] of Object.entries(resources.limits ?? {})) {
    if (isPodLevelResource(name)) requests[name] ??= quantity;
  }
  if (isSet(requests)) resources.requests = requests;
}

/**
 * What the containers ask for together, with init containers and sidecars counted as the scheduler counts them.
 * Source: k8s.io/component-helpers resource.AggregateContainerRequests.
 */
export function aggregateOf(
  spec: Pick<PodSpec, "containers" | "initContainers"> | Draft<PodSpec>,
  part: Part,
): ReadonlyMap<string, Quantity> {
  const sum = new Map<string, Quantity>();
  for (const { resources } of spec.containers ?? []) add(sum, read(resources?.[part]));
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = read(container.resources?.[part]);
    if (isSidecar(container)) {
      add(sum, own);
      add(sidecars, own);
      atLeast(starting, sidecars);
    } else {
      atLeast(starting, add(own, sidecars));
    }
  }
  return atLeast(sum, starting);
}

function read(quantities: Readonly<Quantities> | undefined): Map<string, Quantity> {
  return new Map(Object.entries(quantities ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)]));
}

function add(into: Map<string, Quantity>, other: ReadonlyMap<string, Quantity>): Map<string, Quantity> {
  for (const [name, quantity] of other) {
    const old = into.get(name);
    into.set(name, old ? addQuantities(old, quantity) : quantity);
  }
  return into;
}

function atLeast(into: Map<string, Quantity>, other: ReadonlyMap<string, Quantity>): Map<string, Quantity> {
  for (const [name, quantity] of other) {
    const old = into.get(name);
    if (!old || compareQuantities(quantity, old) > 0) into.set(name, quantity);
  }
  return into;
}
