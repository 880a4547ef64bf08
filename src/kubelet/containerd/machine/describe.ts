import { mkdir, readFile, statfs } from "node:fs/promises";
import { arch, cpus, hostname, networkInterfaces, release } from "node:os";
import type { NodeDescription } from "#kubelet";
import { nodeAddress } from "./addresses.ts";
import { allocatableOf, capacityOf, type Reservations } from "./capacity.ts";
import { defaultRouteInterface, goArchitecture, parseMeminfo, parseOsImage } from "./facts.ts";
import { readHugePages, textOf } from "./read.ts";

const MAX_PODS = 110;

export interface MachineOptions {
  /** Where pods' data is kept: its file system is the node's ephemeral storage. Made if it is not there. */
  readonly dataDir: string;
  readonly podCidr: string;
  /** `v1.36.3` */
  readonly kubeletVersion: string;
  /** Default: the host's name in lower case. */
  readonly name?: string;
  /** Default: the address of the default route's interface. */
  readonly address?: string;
  /** Default 110. */
  readonly maxPods?: number;
  readonly reservations?: Reservations;
  readonly labels?: Readonly<Record<string, string>>;
}

/** This machine as a node. */
export async function describeMachine(options: MachineOptions): Promise<NodeDescription> {
  const { dataDir, podCidr, kubeletVersion, maxPods = MAX_PODS, labels = {} } = options;
  await mkdir(dataDir, { recursive: true });
  const [meminfo, storage, hugePages, osRelease, routes, machineId, productUuid, bootId] = await Promise.all([
    readFile("/proc/meminfo", "utf8"),
    statfs(dataDir),
    readHugePages(),
    textOf("/etc/os-release"),
    textOf("/proc/net/route"),
    firstOf("/etc/machine-id", "/var/lib/dbus/machine-id"),
    firstOf("/sys/class/dmi/id/product_uuid", "/proc/device-tree/system-id", "/etc/machine-id"),
    textOf("/proc/sys/kernel/random/boot_id"),
  ]);
  const name = options.name ?? hostname().trim().toLowerCase();
  const capacity = capacityOf({
    cpus: cpus().length,
    memory: parseMeminfo(meminfo).total,
    storage: storage.blocks * storage.bsize,
    pods: maxPods,
    hugePages,
  });
  const address = nodeAddress({
    given: options.address,
    interfaces: networkInterfaces(),
    defaultInterface: defaultRouteInterface(routes ?? ""),
  });
  return {
    name,
    capacity,
    allocatable: allocatableOf(capacity, options.reservations),
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    podCidr,
    labels,
    info: {
      kubeletVersion,
      osImage: parseOsImage(osRelease ?? ""),
      kernelVersion: release(),
      operatingSystem: "linux",
      architecture: goArchitecture(arch()),
      machineId: machineId ?? "",
      systemUuid: productUuid ?? "",
      bootId: bootId ?? "",
    },
  };
}

/** The machine's default address: that of the default route's interface. */
export async function machineAddress(): Promise<string> {
  const defaultInterface = defaultRouteInterface((await textOf("/proc/net/route")) ?? "");
  return nodeAddress({ given: undefined, interfaces: networkInterfaces(), defaultInterface });
}

async function firstOf(...paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await textOf(path);
    if (text) return text;
  }
  return undefined;
}
