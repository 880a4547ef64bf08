import {
  hasReason,
  internalError,
  invalid,
  invalidObject,
  keyOf,
  parseKey,
  type Draft,
  type FieldError,
  type Service,
} from "#objects";
import type { Registry, Reservation, WriteContext } from "../../../definition.ts";
import { Allocator } from "./allocator.ts";
import type { Family, ServiceNetworks } from "./options.ts";
import { addresses, addressProblem, nodePorts, portProblem } from "./ranges.ts";
import { allocatesNodePorts, needsClusterIp, needsHealthCheckNodePort, needsNodePort, NONE } from "./rules.ts";

/** The cluster IPs that a Service has. */
export const clusterIpsOf = (service: Service): string[] =>
  needsClusterIp(service) ? (service.spec?.clusterIPs ?? []).filter((ip) => ip !== "" && ip !== NONE) : [];

/** The node ports that a Service has, the health check's among them. */
export function nodePortsOf(service: Service): number[] {
  const ports = needsNodePort(service) ? (service.spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0) : [];
  const check = needsHealthCheckNodePort(service) ? (service.spec?.healthCheckNodePort ?? 0) : 0;
  return [...new Set([...ports, check])].filter((port) => port > 0);
}

const refused = (name: string | undefined, error: FieldError) => invalidObject("", "Service", name ?? "", [error]);

class Pool<Item> {
  readonly allocator = new Allocator<Item>();
  readonly itemsOf: (service: Service) => Item[];

  constructor(itemsOf: (service: Service) => Item[]) {
    this.itemsOf = itemsOf;
  }
}

/** What one cluster's Services have of both pools. */
class Pools {
  readonly ips = new Pool<string>(clusterIpsOf);
  readonly ports = new Pool<number>(nodePortsOf);
  readonly #registry: Registry;

  private constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Reads all Services once. */
  static async of(registry: Registry): Promise<Pools> {
    const pools = new Pools(registry);
    for (const service of await pools.#services()) {
      const owner = keyOf(service);
      for (const ip of pools.ips.itemsOf(service)) pools.ips.allocator.record(ip, owner);
      for (const port of pools.ports.itemsOf(service)) pools.ports.allocator.record(port, owner);
    }
    return pools;
  }

  async #services(): Promise<Service[]> {
    const found = await this.#registry.resource("", "services")?.list({});
    return (found?.items ?? []).map(({ object }) => object as Service);
  }

  async #service(owner: string): Promise<Service | undefined> {
    try {
      return (await this.#registry.resource("", "services")?.get(parseKey(owner)))?.object as Service | undefined;
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Takes an item by name; false when a Service has it. */
  async allocate<Item>({ allocator, itemsOf }: Pool<Item>, item: Item, owner: string): Promise<boolean> {
    for (;;) {
      const allocation = allocator.take(item, owner);
      if (allocation === "taken") return true;
      if (allocation === "held") return false;
      const { perhapsStale } = allocation;
      const holder = await this.#service(perhapsStale.owner);
      if (holder && itemsOf(holder).includes(item)) return false;
      // Its Service is gone or gave it up.
      allocator.releaseStale(item, perhapsStale);
    }
  }

  /** Takes the first free one; undefined when the pool is full. */
  async allocateAny<Item>(
    pool: Pool<Item>,
    candidates: () => Iterable<Item>,
    owner: string,
  ): Promise<Item | undefined> {
    const { allocator, itemsOf } = pool;
    let item = allocator.firstFree(candidates());
    if (item === undefined) {
      const services = await this.#services();
      allocator.keepOnly(new Set(services.flatMap(itemsOf)));
      item = allocator.firstFree(candidates());
    }
    if (item !== undefined) allocator.take(item, owner);
    return item;
  }
}

/** Allocates what one write needs, and releases it when something fails. */
class ServiceAllocations {
  readonly #pools: Pools;
  readonly #networks: ServiceNetworks;
  readonly #name: string | undefined;
  readonly #owner: string;
  readonly #ips: string[] = [];
  readonly #ports: number[] = [];

  constructor(pools: Pools, networks: ServiceNetworks, draft: Draft<Service>) {
    this.#pools = pools;
    this.#networks = networks;
    this.#name = draft.metadata.name;
    this.#owner = keyOf(draft as Service);
  }

  async clusterIps(draft: Draft<Service>, old: Service | undefined): Promise<void> {
    const spec = draft.spec;
    if (!spec || !needsClusterIp(draft) || spec.clusterIPs?.[0] === NONE) return;
    const had = new Set(old ? clusterIpsOf(old) : []);
    const ips: string[] = [...(spec.clusterIPs ?? [])];
    for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
      const block = this.#networks.blocks.get(family as Family);
      const asked = ips[i];
      if (asked && had.has(asked)) continue;
      ips[i] = asked ? await this.#askedIp(asked, family, ips) : await this.#anyIp(family);
      if (block) this.#ips.push(ips[i]!);
    }
    if (ips.length === 0) return;
    spec.clusterIPs = ips;
    spec.clusterIP = ips[0]!;
  }

  async #askedIp(ip: string, family: string, ips: readonly string[]): Promise<string> {
    const problem = addressProblem(this.#networks.blocks.get(family as Family), ip);
    const detail =
      problem ??
      ((await this.#pools.allocate(this.#pools.ips, ip, this.#owner)) ? undefined : "provided IP is already allocated");
    if (detail) throw refused(this.#name, invalid("spec.clusterIPs", ips, `failed to allocate IP ${ip}: ${detail}`));
    return ip;
  }

  async #anyIp(family: string): Promise<string> {
    const block = this.#networks.blocks.get(family as Family);
    const candidates = () => (block ? addresses(block, this.#owner) : []);
    const ip = await this.#pools.allocateAny(this.#pools.ips, candidates, this.#owner);
    if (!ip) throw internalError("failed to allocate a serviceIP: range is full");
    return ip;
  }

  /** Ports of one number but different protocols share a node port. */
  async nodePorts(draft: Draft<Service>, old: Service | undefined): Promise<void> {
    if (!needsNodePort(draft)) return;
    const ports = draft.spec?.ports ?? [];
    const had = new Set(old ? nodePortsOf(old) : []);
    const byPort = new Map<number, number>();
    for (const [i, port] of ports.entries()) {
      if (port.nodePort) await this.#askedPort(port.nodePort, `spec.ports[${i}].nodePort`, had);
      if (port.nodePort && !byPort.has(port.port)) byPort.set(port.port, port.nodePort);
    }
    if (!allocatesNodePorts(draft)) return;
    for (const port of ports) {
      if (port.nodePort) continue;
      port.nodePort = byPort.get(port.port) ?? (await this.#anyPort(`${this.#owner}:${port.port}`, "a nodePort"));
      byPort.set(port.port, port.nodePort);
    }
  }

  async healthCheckPort(draft: Draft<Service>, old: Service | undefined): Promise<void> {
    const spec = draft.spec;
    if (!spec || !needsHealthCheckNodePort(draft)) return;
    const asked = spec.healthCheckNodePort;
    if (!asked) {
      spec.healthCheckNodePort = await this.#anyPort(`${this.#owner}:health`, "a HealthCheck NodePort 0");
      return;
    }
    if (old && nodePortsOf(old).includes(asked)) return;
    const problem = await this.#portProblem(asked);
    if (problem) throw internalError(`failed to allocate requested HealthCheck NodePort ${asked}: ${problem}`);
  }

  async #portProblem(port: number): Promise<string | undefined> {
    if (this.#ports.includes(port)) return undefined;
    const problem = portProblem(this.#networks.nodePorts, port);
    if (problem) return problem;
    if (!(await this.#pools.allocate(this.#pools.ports, port, this.#owner)))
      return "provided port is already allocated";
    this.#ports.push(port);
    return undefined;
  }

  async #askedPort(port: number, field: string, had: ReadonlySet<number>): Promise<void> {
    if (had.has(port)) return;
    const problem = await this.#portProblem(port);
    if (problem) throw refused(this.#name, invalid(field, port, problem));
  }

  async #anyPort(seed: string, what: string): Promise<number> {
    const candidates = () => nodePorts(this.#networks.nodePorts, seed);
    const port = await this.#pools.allocateAny(this.#pools.ports, candidates, this.#owner);
    if (port === undefined) throw internalError(`failed to allocate ${what}: range is full`);
    this.#ports.push(port);
    return port;
  }

  undo(): void {
    for (const ip of this.#ips) this.#pools.ips.allocator.release(ip, this.#owner);
    for (const port of this.#ports) this.#pools.ports.allocator.release(port, this.#owner);
  }

  /** Keeps what was taken and frees what only the old object had. */
  settle(written: Service, old: Service | undefined): void {
    for (const ip of this.#ips) this.#pools.ips.allocator.settle(ip);
    for (const port of this.#ports) this.#pools.ports.allocator.settle(port);
    if (!old) return;
    const [ips, ports] = [clusterIpsOf(written), nodePortsOf(written)];
    for (const ip of clusterIpsOf(old)) if (!ips.includes(ip)) this.#pools.ips.allocator.release(ip, this.#owner);
    for (const port of nodePortsOf(old)) {
      if (!ports.includes(port)) this.#pools.ports.allocator.release(port, this.#owner);
    }
  }
}

/**
 * Gives Services their cluster IPs and node ports, one set of pools for each registry, read from its Services at the
 * first use. Several API servers on one store need a common allocator; this one knows only its own writes.
 */
export function reserveFrom(networks: ServiceNetworks) {
  const pools = new WeakMap<Registry, Promise<Pools>>();
  const poolsOf = (registry: Registry): Promise<Pools> => {
    let found = pools.get(registry);
    if (!found) {
      found = Pools.of(registry);
      pools.set(registry, found);
      // A list that failed is asked for again by the next write.
      found.catch(() => pools.delete(registry));
    }
    return found;
  };
  return async (draft: Draft<Service>, old: Service | undefined, context: WriteContext): Promise<Reservation> => {
    const allocations = new ServiceAllocations(await poolsOf(context.registry), networks, draft);
    try {
      await allocations.clusterIps(draft, old);
      await allocations.nodePorts(draft, old);
      await allocations.healthCheckPort(draft, old);
    } catch (error) {
      allocations.undo();
      throw error;
    }
    return { undo: () => allocations.undo(), done: () => allocations.settle(draft as Service, old) };
  };
}
