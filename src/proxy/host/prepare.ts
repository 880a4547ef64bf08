import type { Log } from "#base";
import { blocksOf } from "../rules/addresses.ts";
import type { ProxyContext } from "../rules/context.ts";
import { routeBridgedTraffic } from "./bridged-traffic.ts";
import { messageOf, readSysctl, writeSysctl, type RunCommand } from "./commands.ts";
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
  const sysctl = (what: string, path: string) =>
    attempt(what, async () => {
      if ((await readSysctl(run, path)) !== "1") await writeSysctl(run, path, "1");
    });

  const net = family === "ip" ? "net/ipv4" : "net/ipv6";
  await sysctl("forwarding of packets", family === "ip" ? `${net}/ip_forward` : `${net}/conf/all/forwarding`);
  if (gateway !== undefined) await attempt(`the bridge ${bridge}`, () => ensureBridge(run, bridge, gateway));
  if (!(await hasLink(run, bridge))) return false;
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

const hasLink = (run: RunCommand, name: string): Promise<boolean> =>
  run("ip", ["link", "show", "dev", name]).then(
    () => true,
    () => false,
  );

async function ensureBridge(run: RunCommand, bridge: string, gateway: string): Promise<void> {
  if (!(await hasLink(run, bridge))) {
    const mac = hardwareAddress(gateway);
    // One of its own; otherwise it would be that of some pod, and change when that goes.
    await run("ip", ["link", "add", bridge, ...(mac ? ["address", mac] : []), "type", "bridge"]);
  }
  await run("ip", ["address", "replace", gateway, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
}

/** `0a:58:` and the four bytes of the address, as other pod networks have it. */
function hardwareAddress(gateway: string): string | undefined {
  const parts = gateway.split("/")[0]?.split(".") ?? [];
  if (parts.length !== 4) return undefined;
  return ["0a", "58", ...parts.map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");
}
