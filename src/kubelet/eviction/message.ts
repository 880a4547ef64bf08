import { canonicalQuantity, formatQuantity, parseQuantity, quantityOf, quantityValue } from "#objects";
import { memoryOf, type Candidate, type ContainerConsumption } from "./consumption.ts";
import type { ScarceResource, Shortage } from "../node/shortage.ts";

/** Bytes as quantities show them: `12Ki`; what is counted stays decimal. */
export const amountText = (resource: ScarceResource, amount: number): string =>
  formatQuantity(
    quantityOf(Math.round(amount), resource === "inodes" || resource === "pids" ? "DecimalSI" : "BinarySI"),
  );

/** Why a pod goes, in upstream's words (evictionMessage). */
export function lowMessage({ resource, threshold, available }: Shortage, { pod, used }: Candidate): string {
  const { spec, metadata } = pod;
  const low = `The node was low on resource: ${resource}. Threshold quantity: ${threshold}, available: ${amountText(resource, available)}. `;
  if (!used) return low;
  const asked = resource === "memory" ? spec?.resources?.requests?.["memory"] : undefined;
  const ofPod =
    asked === undefined
      ? ""
      : consumption("Pod", metadata.name ?? "", resource, memoryOf(used), canonicalQuantity(asked));
  const specs = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const ofContainers = used.containers.map((container) => {
    const amount = amountOf(container, resource);
    const found = specs.find(({ name }) => name === container.name);
    if (!found || amount === undefined) return "";
    const request = canonicalQuantity(found.resources?.requests?.[resource] ?? "0");
    return amount > valueOf(request) ? consumption("Container", container.name, resource, amount, request) : "";
  });
  return [low, ofPod, ...ofContainers].join("");
}

const valueOf = (quantity: string): number => quantityValue(parseQuantity(quantity));

const consumption = (what: string, name: string, resource: ScarceResource, amount: number, request: string) =>
  `${what} ${name} was using ${amountText(resource, amount)}, request is ${request}, has larger consumption of ${resource}. `;

function amountOf({ memory, rootfs, logs }: ContainerConsumption, resource: ScarceResource): number | undefined {
  switch (resource) {
    case "memory":
      return memory;
    case "ephemeral-storage":
      return rootfs && rootfs.bytes + logs.bytes;
    case "inodes":
    case "pids":
      return undefined;
  }
}
