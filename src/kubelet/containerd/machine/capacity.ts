import { formatQuantity, parseQuantity, quantityMilliValue, quantityOf, quantityValue } from "#objects";
import { DEFAULT_THRESHOLDS, thresholdValue, type Threshold, type Thresholds } from "./thresholds.ts";

/** What the machine has. */
export interface MachineCapacity {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of the file system with the pods' data. */
  readonly storage: number;
  readonly pods: number;
  /** Bytes by the size of the page, as quantities name it: `2Mi`. */
  readonly hugePages: Readonly<Record<string, number>>;
}

type Quantities = Readonly<Record<string, string>>;

/** What is not for pods. */
export interface Reservations {
  readonly system?: Quantities;
  readonly kubernetes?: Quantities;
  readonly thresholds?: Thresholds;
}

const bytes = (amount: number) => formatQuantity(quantityOf(amount, "BinarySI"));

/** The node's capacity, as its status has it. */
export function capacityOf({ cpus, memory, storage, pods, hugePages }: MachineCapacity): Record<string, string> {
  return {
    cpu: String(cpus),
    "ephemeral-storage": bytes(storage),
    ...Object.fromEntries(Object.entries(hugePages).map(([size, amount]) => [`hugepages-${size}`, bytes(amount)])),
    memory: bytes(memory),
    pods: String(pods),
  };
}

/**
 * What pods may have of it: the capacity without what is reserved, what is kept against shortage, and memory that is
 * huge pages (upstream MachineInfo setter and GetNodeAllocatableReservation).
 */
export function allocatableOf(
  capacity: Quantities,
  { system = {}, kubernetes = {}, thresholds = DEFAULT_THRESHOLDS }: Reservations = {},
): Record<string, string> {
  const kept = (resource: string, threshold: Threshold | undefined) =>
    threshold === undefined ? 0 : thresholdValue(threshold, amount(capacity, resource));
  const shortage: Readonly<Record<string, number>> = {
    memory: kept("memory", thresholds["memory.available"]),
    "ephemeral-storage": kept("ephemeral-storage", thresholds["nodefs.available"]),
  };
  const hugePages = Object.keys(capacity)
    .filter((resource) => resource.startsWith("hugepages-"))
    .reduce((sum, resource) => sum + amount(capacity, resource), 0);
  return Object.fromEntries(
    Object.keys(capacity).map((resource) => {
      const reserved = amount(system, resource) + amount(kubernetes, resource) + (shortage[resource] ?? 0);
      const left = amount(capacity, resource) - reserved - (resource === "memory" ? hugePages : 0);
      return [resource, written(resource, Math.max(0, left))];
    }),
  );
}

/** CPUs in thousandths. */
function amount(quantities: Quantities, resource: string): number {
  const quantity = quantities[resource];
  if (quantity === undefined) return 0;
  return resource === "cpu" ? quantityMilliValue(parseQuantity(quantity)) : quantityValue(parseQuantity(quantity));
}

function written(resource: string, left: number): string {
  if (resource === "cpu") return left % 1000 === 0 ? String(left / 1000) : `${left}m`;
  return resource === "pods" ? String(left) : bytes(left);
}
