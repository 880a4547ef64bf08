import { RuntimeError, type Sandbox } from "#kubelet";
import type { Pod } from "#objects";
import { createAddressPool, type AddressPool } from "./addresses.ts";

export interface SandboxesOptions {
  readonly podCidr: string;
  readonly nodeIp: string;
  readonly newId: () => string;
}

/** The sandboxes of a simulated node: nothing but addresses. */
export class SimulatedSandboxes {
  readonly #options: SandboxesOptions;
  readonly #addresses: AddressPool;
  readonly #ips = new Map<string, readonly string[]>();

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#addresses = createAddressPool(options.podCidr);
  }

  /** Throws a RuntimeError when the node has no address left. */
  create(pod: Pod): Sandbox {
    const { nodeIp, podCidr } = this.#options;
    const ip = onHostNetwork(pod) ? nodeIp : this.#addresses.take();
    if (ip === undefined)
      throw new RuntimeError("FailedCreatePodSandBox", `no IP addresses available in range set: ${podCidr}`);
    return this.#add(ip);
  }

  /** The sandbox that an earlier process made, which has this address. */
  adopt(pod: Pod, ip: string): Sandbox {
    if (!onHostNetwork(pod)) this.#addresses.take(ip);
    return this.#add(ip);
  }

  remove(id: string): void {
    for (const ip of this.#ips.get(id) ?? []) this.#addresses.release(ip);
    this.#ips.delete(id);
  }

  #add(ip: string): Sandbox {
    const sandbox = { id: this.#options.newId(), ips: [ip] };
    this.#ips.set(sandbox.id, sandbox.ips);
    return sandbox;
  }
}

const onHostNetwork = ({ spec }: Pod): boolean => spec?.hostNetwork === true;
