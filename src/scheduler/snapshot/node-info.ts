import type { Node, Taint } from "#objects";
import type { Labels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { allocatableOf, NOTHING_ALLOCATABLE, type Allocatable } from "../model/resources.ts";

const NO_TAINTS: readonly Taint[] = [];
const NO_IMAGES: ReadonlyMap<string, number> = new Map();

/** A node with the pods that are on it or about to be, and the sums over them. Only the snapshot changes it. */
export class NodeInfo {
  readonly name: string;
  /** The node's place in the arrays of the counters; another node may get it once this one is gone. */
  readonly slot: number;
  /** Undefined while pods are there of a node that is not (or not any more). */
  node: Node | undefined;
  allocatable: Allocatable = NOTHING_ALLOCATABLE;
  labels: Labels;
  taints: readonly Taint[] = NO_TAINTS;
  unschedulable = false;
  /** Sizes in bytes by every name of the image. */
  images: ReadonlyMap<string, number> = NO_IMAGES;
  /** By uid. */
  readonly pods = new Map<string, PodInfo>();
  cpu = 0;
  memory = 0;
  ephemeral = 0;
  readonly scalars = new Map<string, number>();
  /** Sums with the defaults for containers that ask for nothing. */
  scoredCpu = 0;
  scoredMemory = 0;
  /** How many of the pods take ports of the node. */
  withPorts = 0;
  /** How many pods have each priority: whether an eviction could make room is asked of every node. */
  readonly #priorities = new Map<number, number>();

  constructor(name: string, slot: number) {
    this.name = name;
    this.slot = slot;
  }

  setNode(node: Node | undefined): void {
    const before = this.node;
    this.node = node;
    this.labels = node?.metadata.labels;
    this.taints = node?.spec?.taints ?? NO_TAINTS;
    this.unschedulable = node?.spec?.unschedulable ?? false;
    const { allocatable, images } = node?.status ?? {};
    if (before?.status?.allocatable !== allocatable || !before) {
      this.allocatable = node ? allocatableOf(allocatable) : NOTHING_ALLOCATABLE;
    }
    if (before?.status?.images !== images || !before) {
      this.images = images?.length
        ? new Map(images.flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, Number(sizeBytes)])))
        : NO_IMAGES;
    }
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  removePod(pod: PodInfo): void {
    this.pods.delete(pod.uid);
    this.#count(pod, -1);
  }

  /** Whether a pod here has a lower priority. */
  hasBelow(priority: number): boolean {
    for (const other of this.#priorities.keys()) if (other < priority) return true;
    return false;
  }

  #count({ requests, scored, ports, priority }: PodInfo, sign: 1 | -1): void {
    const alike = (this.#priorities.get(priority) ?? 0) + sign;
    if (alike === 0) this.#priorities.delete(priority);
    else this.#priorities.set(priority, alike);
    this.cpu += sign * requests.cpu;
    this.memory += sign * requests.memory;
    this.ephemeral += sign * requests.ephemeral;
    for (const [name, amount] of requests.scalars) {
      const sum = (this.scalars.get(name) ?? 0) + sign * amount;
      if (sum === 0) this.scalars.delete(name);
      else this.scalars.set(name, sum);
    }
    this.scoredCpu += sign * scored.cpu;
    this.scoredMemory += sign * scored.memory;
    if (ports.length > 0) this.withPorts += sign;
  }
}
