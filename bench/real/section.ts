import { join } from "node:path";
import { realMachine } from "../../test/support/machine.ts";
import { startRealCluster } from "../../test/support/real-cluster.ts";
import { run } from "../../test/support/run.ts";
import type { Measure } from "../figure.ts";
import type { MeasureInput } from "./input.ts";

const MEASURE = join(import.meta.dirname, "measure.ts");
const PATIENCE_MS = 300_000;

/**
 * A cluster with real containers in a network of its own, measured from inside of that network. Where containers
 * cannot run, nothing is measured, and it says why.
 */
export async function benchContainers(quick: boolean): Promise<readonly Measure[]> {
  const machine = await realMachine();
  if (!machine.ok) {
    console.log(`  not measured: ${machine.reason}`);
    return [];
  }
  await using cluster = await startRealCluster();
  const input: MeasureInput = {
    kubeconfig: cluster.kubeconfig,
    socket: join(cluster.dataDir, "containerd/containerd.sock"),
    pid: cluster.process.pid!,
    pods: quick ? 5 : 20,
    services: quick ? 100 : 1_000,
    idleMs: quick ? 3_000 : 20_000,
  };
  const [command, args] = cluster.namespace.command(process.execPath, [
    "--conditions=knarr-source",
    MEASURE,
    JSON.stringify(input),
  ]);
  const { code, stdout, stderr } = await run(command, args, { timeoutMs: PATIENCE_MS });
  if (code !== 0) throw new Error(`measuring containers failed: ${stderr}`);
  return JSON.parse(stdout) as readonly Measure[];
}
