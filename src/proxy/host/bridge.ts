import type { RunCommand } from "#programs";

export interface BridgeOptions {
  readonly name: string;
  /** Its own address with the length of the pods' range: `10.244.0.1/24`. */
  readonly gateway: string;
  /** What a new bridge gets: `02:6b:00:00:00:01`. Pods that were plugged into one before know the gateway by it. */
  readonly hardwareAddress?: string;
  /** A text that is kept with it: what `ip link` shows as its alias. At most 255 bytes. */
  readonly alias?: string;
}

export const hasLink = (run: RunCommand, name: string): Promise<boolean> =>
  run("ip", ["link", "show", "dev", name]).then(
    () => true,
    () => false,
  );

/** Ensures that the bridge is up and has its address. Resolves to true when it had to be made. */
export async function ensureBridge(run: RunCommand, options: BridgeOptions): Promise<boolean> {
  const { name, gateway, hardwareAddress, alias } = options;
  const made = !(await hasLink(run, name));
  if (made) {
    const address = hardwareAddress === undefined ? [] : ["address", hardwareAddress];
    await run("ip", ["link", "add", "name", name, ...address, "type", "bridge"]);
  }
  if (alias !== undefined) await run("ip", ["link", "set", "dev", name, "alias", alias]);
  await run("ip", ["address", "replace", gateway, "dev", name]);
  await run("ip", ["link", "set", "dev", name, "up"]);
  return made;
}
