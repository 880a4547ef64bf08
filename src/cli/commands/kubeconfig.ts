import { findRunning, kubeconfigFor, readAccess } from "#cluster";
import { DATA_DIR, dataDirOf } from "../common-options.ts";
import type { Command } from "../command.ts";
import { recallContext } from "../merged-context.ts";

export const kubeconfig: Command = {
  name: "kubeconfig",
  summary: "Prints a kubeconfig for a cluster.",
  options: { "data-dir": DATA_DIR },
  async run(args, terminal) {
    const dir = dataDirOf(args, terminal);
    const running = await findRunning(dir);
    if (!running) {
      terminal.err(`knarr: no cluster is running in ${dir}`);
      return 1;
    }
    const { context = "knarr" } = recallContext(dir) ?? {};
    terminal.out(kubeconfigFor(context, await readAccess(dir, running.cluster.server)).trimEnd());
    return 0;
  },
};
