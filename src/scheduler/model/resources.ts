import { amountsOf, podRequests, type Container, type Pod, type ResourceAmounts } from "#objects";

/** What a pod asks of a node. CPU in thousandths, memory and ephemeral storage in bytes. */
export interface Requests {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeral: number;
  /** Extended resources, hugepages and the like, in whole units. */
  readonly scalars: readonly (readonly [name: string, amount: number])[];
}

/** Cpu and memory as the scores see them: a container that asks for none counts with a default. */
export interface ScoredRequests {
  readonly cpu: number;
  readonly memory: number;
}

/** Upstream's pkg/scheduler/util DefaultMilliCPURequest and DefaultMemoryRequest (200 MB). */
const DEFAULT_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

/** Resources that are no extended ones, and have a place of their own. */
const PLAIN: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage", "pods", "storage"]);

const NO_SCALARS: Requests["scalars"] = [];

/** Splits amounts into the plain resources and the rest; amounts of zero ask for nothing. */
export function requestsOf(amounts: ResourceAmounts): Requests {
  let scalars: (readonly [string, number])[] | undefined;
  for (const name in amounts) {
    if (PLAIN.has(name) || amounts[name] === 0) continue;
    (scalars ??= []).push([name, amounts[name]!]);
  }
  return {
    cpu: amounts.cpu ?? 0,
    memory: amounts.memory ?? 0,
    ephemeral: amounts["ephemeral-storage"] ?? 0,
    scalars: scalars ?? NO_SCALARS,
  };
}

/** What the pod asks for, with the defaults for containers that ask for nothing (upstream NonMissingContainerRequests). */
export function scoredRequests(pod: Pod, actual: Requests): ScoredRequests {
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  if (resources?.requests?.cpu !== undefined && resources.requests.memory !== undefined) return actual;
  if (containers.every(asksForBoth) && initContainers.every(asksForBoth)) return actual;
  if (initContainers.length === 0 && !resources && !pod.spec?.overhead) {
    let { cpu, memory } = actual;
    for (const container of containers) {
      if (container.resources?.requests?.cpu === undefined) cpu += DEFAULT_CPU;
      if (container.resources?.requests?.memory === undefined) memory += DEFAULT_MEMORY;
    }
    return { cpu, memory };
  }
  const filled = podRequests({
    ...pod,
    spec: { ...pod.spec, containers: containers.map(filledUp), initContainers: initContainers.map(filledUp) },
  });
  return { cpu: filled.cpu ?? 0, memory: filled.memory ?? 0 };
}

const asksForBoth = ({ resources }: Container) =>
  resources?.requests?.cpu !== undefined && resources.requests.memory !== undefined;

const filledUp = (container: Container): Container => ({
  ...container,
  resources: {
    ...container.resources,
    requests: { cpu: `${DEFAULT_CPU}m`, memory: String(DEFAULT_MEMORY), ...container.resources?.requests },
  },
});

/** What a node has to give. */
export interface Allocatable {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeral: number;
  readonly pods: number;
  readonly scalars: ReadonlyMap<string, number>;
}

export const NOTHING_ALLOCATABLE: Allocatable = { cpu: 0, memory: 0, ephemeral: 0, pods: 0, scalars: new Map() };

/** Reads a node's `status.allocatable`. */
export function allocatableOf(quantities: { readonly [name: string]: string } | undefined): Allocatable {
  const amounts = amountsOf(quantities);
  return {
    cpu: amounts.cpu ?? 0,
    memory: amounts.memory ?? 0,
    ephemeral: amounts["ephemeral-storage"] ?? 0,
    pods: amounts.pods ?? 0,
    scalars: new Map(Object.entries(amounts).filter(([name]) => !PLAIN.has(name))),
  };
}

/** Whether anything of this can be given more of, compared with before. */
export function growsFrom(before: Allocatable, now: Allocatable): boolean {
  if (now.cpu > before.cpu || now.memory > before.memory) return true;
  if (now.ephemeral > before.ephemeral || now.pods > before.pods) return true;
  for (const [name, amount] of now.scalars) if (amount > (before.scalars.get(name) ?? 0)) return true;
  return false;
}
