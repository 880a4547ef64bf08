import type { NetworkInterfaceInfo } from "node:os";

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** How packets leave the machine. */
export interface NodeAddressFacts {
  /** Asked for by the caller that starts the node. */
  readonly given: string | undefined;
  /** By name. */
  readonly interfaces: Interfaces;
  /** The interface of the default route. */
  readonly defaultInterface: string | undefined;
}

/**
 * The node's own address: the one given, else IPv4 on the interface of the default route, else the first that is not
 * only local. A machine without a network has its loopback.
 */
export function nodeAddress({ given, interfaces, defaultInterface }: NodeAddressFacts): string {
  if (given !== undefined) return given;
  const ownOf = (name: string) =>
    interfaces[name]?.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  const byDefault = defaultInterface === undefined ? undefined : ownOf(defaultInterface);
  if (byDefault !== undefined) return byDefault;
  for (const name of Object.keys(interfaces)) {
    // What pods hang on is no way to the node from outside.
    const address = BRIDGES.test(name) ? undefined : ownOf(name);
    if (address !== undefined) return address;
  }
  return "127.0.0.1";
}

const BRIDGES = /^(?:knarr|cni|docker|br-|veth|virbr)/;
