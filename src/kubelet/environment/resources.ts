import {
  parseQuantity,
  quantityMilliValue,
  quantitySign,
  quantityValue,
  type Container,
  type Pod,
  type Quantity,
  type ResourceFieldSelector,
} from "#objects";
import type { AnyContainer } from "../runtime.ts";

/** Quantities by resource name. */
export type Quantities = Readonly<Record<string, string>>;

/** Resources whose limit is what the node has when the container states none. */
const DEFAULTED = new Set(["cpu", "memory", "ephemeral-storage"]);
const POD_LEVEL = ["cpu", "memory"];
const SUPPORTED = new Set([...DEFAULTED].flatMap((name) => [`limits.${name}`, `requests.${name}`]));
const ONE = parseQuantity("1");

/**
 * The amount that a variable refers to, in the selector's unit and rounded up. A limit that is not set is the
 * pod's, or what the node can give. Throws an Error with upstream's text.
 */
export function variableResource(
  selector: ResourceFieldSelector,
  pod: Pod,
  container: AnyContainer,
  allocatable: Quantities,
): string {
  const { containerName } = selector;
  const defaults = withPodLimits(pod, allocatable);
  if (!containerName) return amount(selector, container, defaults);
  const found = findContainer(pod, containerName);
  // Upstream defaults the limits of main containers only when it looks at others than the variable's own.
  return amount(selector, found, pod.spec?.containers?.includes(found) ? defaults : {});
}

/** The amount that a file of a volume tells. Throws an Error with upstream's text. */
export const fileResource = (selector: ResourceFieldSelector, pod: Pod, allocatable: Quantities): string =>
  amount(selector, findContainer(pod, selector.containerName ?? ""), allocatable);

function findContainer({ spec }: Pod, name: string): Container {
  const found = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(
    (container) => container.name === name,
  );
  if (!found) throw new Error(`container ${name} not found`);
  return found;
}

function withPodLimits({ spec }: Pod, allocatable: Quantities): Quantities {
  const limits = spec?.resources?.limits;
  if (!limits) return allocatable;
  const own = POD_LEVEL.flatMap((name) => {
    const limit = limits[name];
    return isSet(limit) && allocatable[name] !== undefined ? [[name, limit] as const] : [];
  });
  return { ...allocatable, ...Object.fromEntries(own) };
}

const isSet = (quantity: string | undefined): quantity is string =>
  quantity !== undefined && quantitySign(parseQuantity(quantity)) !== 0;

function amount(selector: ResourceFieldSelector, { resources }: AnyContainer, defaults: Quantities): string {
  const { resource, divisor } = selector;
  const [part, name = ""] = split(resource);
  if (!SUPPORTED.has(resource) && !(part && name.startsWith("hugepages-"))) {
    throw new Error(`unsupported container resource : ${resource}`);
  }
  const stated = part === "limits" ? resources?.limits?.[name] : resources?.requests?.[name];
  const value = part === "limits" && DEFAULTED.has(name) && !isSet(stated) ? (defaults[name] ?? stated) : stated;
  const unit = isSet(divisor) ? parseQuantity(divisor) : ONE;
  const measure: (quantity: Quantity) => number = name === "cpu" ? quantityMilliValue : quantityValue;
  return String(Math.ceil(value === undefined ? 0 : measure(parseQuantity(value)) / measure(unit)));
}

/** `limits.cpu`: which list, and which resource. */
function split(resource: string): readonly [part?: "limits" | "requests", name?: string] {
  if (resource.startsWith("limits.")) return ["limits", resource.slice("limits.".length)];
  if (resource.startsWith("requests.")) return ["requests", resource.slice("requests.".length)];
  return [];
}
