import { baseTable } from "../rules/base-table.ts";
import type { ProxyContext } from "../rules/context.ts";
import type { Family } from "../rules/model.ts";
import { createRenderer } from "../rules/render.ts";
import { COLLECTIONS, UDP_COLLECTIONS } from "../rules/tables.ts";
import type { RunCommand } from "#programs";

/** The one way to nft. Each call is one transaction; the caller ensures that there is one at a time. */
export interface Nft {
  /** Carries out commands, all or none. */
  apply(text: string): Promise<void>;
  /** Whether the table is there with its rules, as far as one look can tell. */
  exists(family: Family, table: string): Promise<boolean>;
  /** Clients that stay with an endpoint, as commands that bring them back into the sets of these names. */
  rememberedClients(family: Family, table: string, sets: ReadonlySet<string>): Promise<string>;
}

/** `runOften`: for what is done with every change; default `run`. */
export const createNft = (run: RunCommand, runOften = run): Nft => ({
  apply: async (text) => {
    await runOften("nft", ["-f", "-"], text);
  },
  exists: (family, table) =>
    runOften("nft", ["list", "chain", family, table, "services"]).then(
      // Of a table that was flushed the chains are left, with nothing in them.
      (listed) => listed.includes("vmap"),
      () => false,
    ),
  rememberedClients: async (family, table, sets) => {
    if (sets.size === 0) return "";
    const listed = await run("nft", ["-j", "list", "table", family, table]).catch(() => "{}");
    return clientCommands(JSON.parse(listed), family, table, sets);
  },
});

/** From nft's JSON: of each set `{ set: { name, elem: [{ elem: { val, timeout, expires } }] } }`, times in seconds. */
function clientCommands(listed: unknown, family: Family, table: string, sets: ReadonlySet<string>): string {
  const lines: string[] = [];
  for (const entry of list(field(listed, "nftables"))) {
    const set = field(entry, "set");
    const name = field(set, "name");
    if (typeof name !== "string" || !sets.has(name)) continue;
    for (const wrapped of list(field(set, "elem"))) {
      const element = field(wrapped, "elem");
      const [ip, timeout, expires] = ["val", "timeout", "expires"].map((key) => field(element, key));
      if (typeof ip !== "string" || typeof timeout !== "number" || typeof expires !== "number" || expires < 1) continue;
      lines.push(`add element ${family} ${table} ${name} { ${ip} timeout ${timeout}s expires ${expires}s }`);
    }
  }
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Whether the kernel takes the rules that move UDP flows: they need conntrack zones. Leaves nothing behind. */
export async function canMoveUdpFlows(nft: Nft, context: ProxyContext): Promise<boolean> {
  const table = `${context.table}-probe`;
  const { addChain, addCollection, rules, replaceTable } = createRenderer(context.family, table);
  const { chains } = baseTable({ ...context, moveUdpFlows: true });
  const needed = chains.filter(({ name }) => name.startsWith("raw-") || name === "gone-endpoints-check");
  const commands = [
    ...replaceTable,
    ...[...COLLECTIONS, ...UDP_COLLECTIONS].map(addCollection),
    ...needed.map(addChain),
    ...needed.flatMap(rules),
    `delete table ${context.family} ${table}`,
  ];
  return nft.apply(commands.join("\n")).then(
    () => true,
    () => false,
  );
}
