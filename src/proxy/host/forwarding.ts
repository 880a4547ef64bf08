import type { Log } from "#base";
import type { RunCommand } from "#programs";

const COMMENT = "knarr: packets of pods";

interface BlockingChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/**
 * Lets packets of pods pass where the host drops whatever it does not know (Docker, ufw): a verdict of our own
 * table cannot, since every table has its say. Only chains that iptables made are touched, by two rules for the
 * bridge alone; of others that drop by policy the log tells.
 */
export async function allowForwarding(run: RunCommand, bridge: string, log: Log): Promise<void> {
  for (const chain of await blockingChains(run)) {
    const place = `${chain.family} ${chain.table} ${chain.name}`;
    if (chain.table !== "filter" || chain.name !== "FORWARD") {
      log.warn(`the firewall's chain "${place}" may drop packets of pods: let ${bridge} pass there`);
      continue;
    }
    if ((await rulesOfOurs(run, chain, bridge)).length > 0) continue;
    const rules = ["iifname", "oifname"].map(
      (side) => `insert rule ${place} ${side} "${bridge}" counter accept comment "${COMMENT}"`,
    );
    await run("nft", ["-f", "-"], rules.join("\n"));
    log.info(`packets of ${bridge} pass the chain "${place}" now, which drops what it does not know`);
  }
}

/** Takes back what {@link allowForwarding} did for a bridge. */
export async function forgetForwarding(run: RunCommand, bridge: string): Promise<void> {
  for (const chain of await blockingChains(run)) {
    for (const handle of await rulesOfOurs(run, chain, bridge)) {
      await run("nft", ["delete", "rule", chain.family, chain.table, chain.name, "handle", String(handle)]);
    }
  }
}

/** The chains at the forward hook whose policy is to drop. */
async function blockingChains(run: RunCommand): Promise<BlockingChain[]> {
  const listed = await run("nft", ["list", "chains"]);
  const found: BlockingChain[] = [];
  let [family, table, name] = ["", "", ""];
  for (const line of listed.split("\n")) {
    const opened = /^table (\S+) (\S+) \{/.exec(line);
    if (opened) [, family = "", table = ""] = opened;
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    const drops = /^\s+type filter hook forward .*policy drop/.test(line);
    if (drops && ["ip", "ip6", "inet"].includes(family)) found.push({ family, table, name });
  }
  return found;
}

/** The handles of our rules for a bridge in a chain. */
async function rulesOfOurs(run: RunCommand, { family, table, name }: BlockingChain, bridge: string): Promise<number[]> {
  const listed = await run("nft", ["-a", "list", "chain", family, table, name]);
  return listed.split("\n").flatMap((line) => {
    const isOurs = line.includes(`comment "${COMMENT}"`) && line.includes(`"${bridge}"`);
    const handle = isOurs && /# handle (\d+)/.exec(line)?.[1];
    return handle ? [Number(handle)] : [];
  });
}
