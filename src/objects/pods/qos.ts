import type { Container, PodSpec, ResourceRequirements } from "../generated/types.ts";
import { parseQuantity, quantityMilliValue } from "../quantity/index.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const QOS_RESOURCES = ["cpu", "memory"] as const;

/**
 * The quality-of-service class that follows from requests and limits of cpu and memory: Guaranteed when every
 * container has limits for both and requests equal to them, BestEffort when nothing is set.
 * Source: upstream pkg/apis/core/v1/helper/qos.
 */
export function qosClass(spec: PodSpec | undefined): QosClass {
  const parts: readonly { readonly resources?: ResourceRequirements }[] = spec?.resources
    ? [{ resources: spec.resources }]
    : ([...(spec?.containers ?? []), ...(spec?.initContainers ?? [])] satisfies readonly Container[]);
  const requests = new Map<string, number>();
  const limits = new Map<string, number>();
  let allLimited = true;
  for (const { resources } of parts) {
    for (const name of QOS_RESOURCES) {
      addTo(requests, name, resources?.requests?.[name]);
      if (!addTo(limits, name, resources?.limits?.[name])) allLimited = false;
    }
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const equal = requests.size === limits.size && [...requests].every(([name, amount]) => limits.get(name) === amount);
  return allLimited && equal ? "Guaranteed" : "Burstable";
}

/** Adds a quantity when it is above zero; whether it was. */
function addTo(sums: Map<string, number>, name: string, quantity: string | undefined): boolean {
  const amount = quantity === undefined ? 0 : quantityMilliValue(parseQuantity(quantity));
  if (amount <= 0) return false;
  sums.set(name, (sums.get(name) ?? 0) + amount);
  return true;
}
