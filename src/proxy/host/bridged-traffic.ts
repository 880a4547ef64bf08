import type { Log } from "#base";
import { blocksOf } from "../rules/addresses.ts";
import type { ProxyContext } from "../rules/context.ts";
import type { RunCommand } from "#programs";
import { hardwareAddress, readSysctl } from "./commands.ts";
import { createNft } from "./nft.ts";

/**
 * Makes sure that what a pod answers to another of the same bridge passes the table: otherwise the other, who had
 * asked a ClusterIP, gets an answer from an address that it never asked. Kernels with br_netfilter show bridged
 * packets to the IP tables (as upstream demands). Where that is not so, packets between pods are given the bridge's
 * own hardware address: they are routed then, not bridged, and nothing changes for others on the host.
 */
export async function routeBridgedTraffic(options: {
  readonly run: RunCommand;
  readonly log: Log;
  readonly context: ProxyContext;
}): Promise<void> {
  const { run, log, context } = options;
  const { family, bridge, podCidrs, table } = context;
  const shown = await readSysctl(run, `net/bridge/bridge-nf-call-${family === "ip" ? "iptables" : "ip6tables"}`);
  const blocks = blocksOf(family, podCidrs);
  if (shown === "1" || blocks.length === 0) return;
  const chain = `${table} prerouting-${family}`;
  const hardware = await hardwareAddress(run, bridge);
  if ((await listed(run, chain)).includes(hardware)) return;
  const among = `{ ${blocks.join(", ")} }`;
  const commands = [
    `add table bridge ${table}`,
    `add chain bridge ${chain} { type filter hook prerouting priority -300 ; }`,
    // A bridge that was made anew may have another address.
    `flush chain bridge ${chain}`,
    `add rule bridge ${chain} ${family} saddr ${among} ${family} daddr ${among} ether daddr set ${hardware} meta pkttype set host`,
  ];
  await createNft(run).apply(commands.join("\n"));
  log.info("packets between pods of the node are routed: the kernel does not show bridged ones to the table");
}

/** Empty when it is not there. */
const listed = (run: RunCommand, chain: string): Promise<string> =>
  run("nft", ["list", "chain", "bridge", ...chain.split(" ")]).catch(() => "");
