import type { Container, ContainerStatus, Pod, PodSpec, ResourceRequirements } from "../generated/types.ts";
import { parseQuantity, quantityMilliValue, quantityValue } from "../quantity/index.ts";
import { podCondition } from "./conditions.ts";
import { isSidecar } from "./lifecycle.ts";

/** Amounts by resource name: `cpu` in thousandths of a CPU, all others in whole units (bytes, devices). */
export type ResourceAmounts = { readonly [resource: string]: number };

type Amounts = { [resource: string]: number };
type Quantities = { readonly [resource: string]: string };

/** The amounts of a list of quantities, each rounded up. */
export function amountsOf(quantities: Quantities | undefined): ResourceAmounts {
  const amounts: Amounts = {};
  for (const name in quantities) {
    const quantity = parseQuantity(quantities[name]!);
    amounts[name] = name === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);
  }
  return amounts;
}

/**
 * What the pod asks of a node: the sum over its containers or what its init containers need while they run,
 * whichever is more; sidecars count beside both. Pod-level requests take the place of the sums, overhead is
 * added. While a resize is under way the larger of the desired and the granted counts.
 * Source: k8s.io/component-helpers resource.PodRequests.
 */
export function podRequests(pod: Pod): ResourceAmounts {
  const infeasible = isResizeInfeasible(pod);
  const statuses = new Map<string, ContainerStatus>();
  for (const status of pod.status?.containerStatuses ?? []) statuses.set(status.name, status);
  for (const status of pod.status?.initContainerStatuses ?? []) statuses.set(status.name, status);
  const ofContainer = (container: Container, resizable: boolean): ResourceAmounts => {
    const desired = amountsOf(container.resources?.requests);
    const status = resizable ? statuses.get(container.name) : undefined;
    if (!status?.resources && !status?.allocatedResources) return desired;
    const granted = atLeast({ ...amountsOf(status.resources?.requests) }, amountsOf(status.allocatedResources));
    return infeasible ? granted : atLeast(granted, desired);
  };
  return total(pod.spec, ofContainer, "requests");
}

/** The same for limits: what the pod may use at most. Source: k8s.io/component-helpers resource.PodLimits. */
export function podLimits(pod: Pod): ResourceAmounts {
  return total(pod.spec, (container) => amountsOf(container.resources?.limits), "limits");
}

/** The requests as the spec states them, whatever the nodes have granted. */
export function specRequests(spec: PodSpec | undefined): ResourceAmounts {
  return total(spec, (container) => amountsOf(container.resources?.requests), "requests");
}

function total(
  spec: PodSpec | undefined,
  ofContainer: (container: Container, resizable: boolean) => ResourceAmounts,
  part: "requests" | "limits",
): ResourceAmounts {
  const sum: Amounts = {};
  for (const container of spec?.containers ?? []) add(sum, ofContainer(container, true));
  const sidecars: Amounts = {};
  const starting: Amounts = {};
  for (const container of spec?.initContainers ?? []) {
    const sidecar = isSidecar(container);
    const own = ofContainer(container, sidecar);
    if (sidecar) {
      add(sum, own);
      add(sidecars, own);
      atLeast(starting, sidecars);
    } else {
      atLeast(starting, add({ ...own }, sidecars));
    }
  }
  atLeast(sum, starting);
  const podLevel = amountsOf(podLevelResources(spec?.resources)?.[part]);
  for (const name in podLevel) sum[name] = podLevel[name]!;
  const overhead = amountsOf(spec?.overhead);
  for (const name in overhead) {
    // A limit that is not set stays unlimited, so overhead only adds to limits that exist.
    if (part === "limits" && !sum[name]) continue;
    sum[name] = (sum[name] ?? 0) + overhead[name]!;
  }
  return sum;
}

function podLevelResources(resources: ResourceRequirements | undefined): ResourceRequirements | undefined {
  if (!resources) return undefined;
  return { requests: podLevelPart(resources.requests), limits: podLevelPart(resources.limits) };
}

function podLevelPart(quantities: Quantities | undefined): Quantities {
  return Object.fromEntries(Object.entries(quantities ?? {}).filter(([name]) => isPodLevelResource(name)));
}

/** Which resources `spec.resources` of a pod may name. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

function isResizeInfeasible(pod: Pod): boolean {
  const pending = podCondition(pod, "PodResizePending");
  return pending?.status === "True" && pending.reason === "Infeasible";
}

function add(into: Amounts, other: ResourceAmounts): Amounts {
  for (const name in other) into[name] = (into[name] ?? 0) + other[name]!;
  return into;
}

function atLeast(into: Amounts, other: ResourceAmounts): Amounts {
  for (const name in other) into[name] = Math.max(into[name] ?? 0, other[name]!);
  return into;
}
