import { rm } from "node:fs/promises";
import { findRunning, forgetRunning, purgeNode, unmergeKubeconfig } from "#cluster";
import { sleep, systemClock } from "#base";
import { DATA_DIR, dataDirOf } from "../common-options.ts";
import type { Command } from "../command.ts";
import { dataDirContents } from "../data-dir-contents.ts";
import { leftRunning } from "../left-running.ts";
import { recallContext } from "../merged-context.ts";

const PATIENCE_MS = 10_000;

function askToEnd(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // It has ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export const down: Command = {
  name: "down",
  summary: "Stops a cluster cleanly.",
  options: {
    "data-dir": DATA_DIR,
    purge: { type: "boolean", help: "end its containers, remove its data and its kubeconfig entries" },
  },
  async run(args, terminal) {
    const dir = dataDirOf(args, terminal);
    const running = await findRunning(dir);
    const left = args.flag("purge") ? undefined : await leftRunning(dir, terminal.env);
    if (running?.alive) {
      const { pid } = running.cluster;
      askToEnd(pid);
      const deadline = systemClock.monotonic() + PATIENCE_MS;
      while ((await findRunning(dir))?.alive) {
        if (systemClock.monotonic() > deadline) {
          terminal.err(`knarr: process ${pid} does not stop; end it with: kill -9 ${pid}`);
          return 1;
        }
        await sleep(systemClock, 20);
      }
      terminal.out(`stopped (process ${pid})`);
    } else {
      await forgetRunning(dir);
      if (!args.flag("purge")) terminal.out(`no cluster is running in ${dir}`);
    }
    if (left !== undefined) terminal.out(left);
    if (!args.flag("purge")) return 0;

    const { context: name = "knarr", kubeconfig, previous = "" } = recallContext(dir) ?? {};
    const target = { explicit: kubeconfig, env: terminal.env, clock: systemClock };
    const changed = await unmergeKubeconfig(target, { name, dataDir: dir, previous });
    await purgeNode(dir);
    const { ours, foreign } = await dataDirContents(dir);
    for (const path of ours) await rm(path, { recursive: true, force: true });
    if (foreign.length === 0) await rm(dir, { recursive: true, force: true });
    terminal.out(`removed ${dir}${changed.length > 0 ? ` and the context "${name}" from ${changed.join(", ")}` : ""}`);
    if (foreign.length > 0) terminal.err(`knarr: left what is not Knarr's in ${dir}: ${foreign.join(", ")}`);
    return 0;
  },
};
