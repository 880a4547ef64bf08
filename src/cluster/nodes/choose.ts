import { StartError, type ClusterOptions } from "../options.ts";
import type { NodeRuntime } from "./runtime.ts";
import { simulatedRuntime } from "./simulated.ts";

/** Chooses what runs the nodes, by what is asked for and what the machine offers. */
export function chooseRuntime(options: ClusterOptions): Promise<NodeRuntime> {
  const { runtime = "simulated" } = options;
  if (runtime === "containerd") {
    throw new StartError("the containerd runtime is not there yet; use --runtime simulated");
  }
  const notes = runtime === "auto" ? ["nodes are simulated: real containers come with a later version"] : [];
  return Promise.resolve(simulatedRuntime(options, notes));
}
