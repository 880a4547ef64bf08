import { clusterStatus } from "#cluster";
import { DATA_DIR, dataDirOf } from "../common-options.ts";
import type { Command } from "../command.ts";

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const ofContainerd = (bytes: number | undefined) =>
  bytes === undefined ? "" : `, and containerd's ${megabytes(bytes)}`;

export const status: Command = {
  name: "status",
  summary: "Tells whether a cluster is running, and how it is.",
  options: {
    "data-dir": DATA_DIR,
    output: { type: "string", short: "o", value: "json", help: "print JSON" },
  },
  async run(args, terminal) {
    const output = args.choice("output", ["json"]);
    const found = await clusterStatus(dataDirOf(args, terminal));
    if (output === "json") {
      terminal.out(JSON.stringify(found, null, 2));
    } else if (!found.running) {
      terminal.out(`not running (${found.dataDir})`);
    } else {
      const rows: readonly (readonly [string, string])[] = [
        ["status", found.ready ? "running, ready" : "running, not ready"],
        ["pid", String(found.pid)],
        ["address", found.server],
        ["version", found.version],
        ["runtime", found.runtime.replace(/^simulated:.*/, "simulated").replace("://", " ")],
        ["nodes", `${found.nodes.ready} ready of ${found.nodes.total}`],
        ["pods", `${found.runningPods} running`],
        ["objects", String(found.objects)],
        ["store", megabytes(found.storeBytes)],
        ["memory", `${megabytes(found.residentBytes)}${ofContainerd(found.containerdResidentBytes)}`],
      ];
      for (const [name, value] of rows) terminal.out(`${name.padEnd(8)} ${value}`);
    }
    return found.running ? 0 : 1;
  },
};
