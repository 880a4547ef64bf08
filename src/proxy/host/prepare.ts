import { messageOf, type Log } from "#base";
import { blocksOf } from "../rules/addresses.ts";
import type { ProxyContext } from "../rules/context.ts";
import { routeBridgedTraffic } from "./bridged-traffic.ts";
import type { RunCommand } from "#programs";
import { hardwareAddress, readSysctl, writeSysctl } from "./commands.ts";
import { ensureBridge, hasLink } from "./bridge.ts";
import { allowForwarding } from "./forwarding.ts";

/** What the node itself must do for the rules to work. */
export interface HostPreparation {
  readonly run: RunCommand;
  readonly log: Log;
  readonly context: ProxyContext;
  /**
   * The bridge's own address with the length of the range: `10.244.0.1/24`. With it the bridge is made if it is
   * not there yet, as the CNI plugin would make it with the first pod. Without it, the bridge is waited for.
   */
  readonly gateway?: string;
  /** Sees to the bridge instead. */
  readonly ensureBridge?: () => Promise<unknown>;
}

/**
 * Sees to forwarding, the bridge, the way to the service range, and to bridged packets being seen by the table.
 * What is so already is left alone; what may not be done is logged, and the rest is done. Can be called again.
 * Resolves to whether all of it is as it should be.
 */
export async function prepareHost(options: HostPreparation): Promise<boolean> {
  const { run, log, context, gateway } = options;
  const { family, bridge, loopback, serviceCidrs } = context;
  let done = true;
  const attempt = async (what: string, step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      done = false;
      log.warn(`the node's network: ${what} failed`, { error: messageOf(error) });
    }
  };
  const sysctl = (what: string, path: string, value = "1") =>
    attempt(what, async () => {
      if ((await readSysctl(run, path)) !== value) await writeSysctl(run, path, value);
    });

  const net = family === "ip" ? "net/ipv4" : "net/ipv6";
  await sysctl("forwarding of packets", family === "ip" ? `${net}/ip_forward` : `${net}/conf/all/forwarding`);
  const makeBridge =
    options.ensureBridge ?? (gateway === undefined ? undefined : () => ensureBridge(run, { name: bridge, gateway }));
  if (makeBridge) await attempt(`the bridge ${bridge}`, makeBridge);
  if (!(await hasLink(run, bridge))) return false;
  await attempt("keeping the hardware address of the bridge", () => keepHardwareAddress(run, bridge));
  if (family === "ip") {
    // Pods are not to take short cuts past the table; and the kernel counts what it tells them about such against
    // the refusals that it may send them. That of `all` is or-ed to each device's own, which stay as they are.
    await sysctl("silence about short cuts", `${net}/conf/all/send_redirects`, "0");
    await sysctl("silence about short cuts", `${net}/conf/${bridge}/send_redirects`, "0");
  }
  if (family === "ip" && loopback) {
    await sysctl("node ports on the loopback address", `${net}/conf/${bridge}/route_localnet`);
  }
  for (const block of blocksOf(family, serviceCidrs)) {
    // Without a default route the node would know no way to a ClusterIP, and never get as far as the table.
    await attempt(`the route to ${block}`, () =>
      run("ip", [family === "ip6" ? "-6" : "-4", "route", "replace", block, "dev", bridge]),
    );
  }
  await attempt("seeing what pods send each other", () => routeBridgedTraffic(options));
  await attempt("letting packets of pods pass", () => allowForwarding(run, bridge, log));
  return done;
}

/**
 * A bridge has the hardware address of some pod's end of a cable, unless it was given one: it would change as pods
 * come and go, and pods would send to an address without a resolver until they ask again. Given what it has, it keeps
 * that.
 */
async function keepHardwareAddress(run: RunCommand, bridge: string): Promise<void> {
  await run("ip", ["link", "set", "dev", bridge, "address", await hardwareAddress(run, bridge)]);
}
