import type { Clock, Log, Scope } from "#base";
import { simulatedNodes } from "#composition";
import { StartError, type ClusterOptions } from "../options.ts";
import type { NodeRuntime } from "./runtime.ts";

export interface ChoiceContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/**
 * Chooses what runs the nodes, by what is asked for and what the machine offers. What real containers need is
 * loaded only where they are wanted.
 *
 * @throws StartError when containers are asked for and the machine cannot run them.
 */
export async function chooseRuntime(options: ClusterOptions, context: ChoiceContext): Promise<NodeRuntime> {
  const { containerdSocket, nodes = 1 } = options;
  const { runtime = containerdSocket === undefined ? "simulated" : "containerd" } = options;
  if (runtime === "simulated" && containerdSocket !== undefined) {
    throw new StartError(
      "simulated nodes have no use for a containerd: --containerd-socket needs --runtime containerd",
    );
  }
  if (runtime === "simulated") return simulatedRuntime(options, ignoredBySimulation(options));
  if (runtime === "auto" && nodes !== 1 && containerdSocket === undefined) {
    return simulatedRuntime(options, [
      `nodes are simulated: real containers would need a machine for each of ${nodes}`,
      ...ignoredBySimulation(options),
    ]);
  }
  const { detectRuntime, missingText, useSystemPath } = await import("#kubelet/containerd");
  const detected = await detectRuntime({ givenContainerd: containerdSocket !== undefined });
  if (detected.ok) {
    useSystemPath();
    const { containerdRuntime } = await import("./containerd/runtime.ts");
    return containerdRuntime(options, context);
  }
  const missing = missingText(detected);
  if (runtime === "auto" && containerdSocket === undefined)
    return simulatedRuntime(options, [`nodes are simulated: ${missing}`, ...ignoredBySimulation(options)]);
  throw new StartError(missing);
}

function simulatedRuntime({ nodes, simulatedTimes }: ClusterOptions, notes: readonly string[]): NodeRuntime {
  return {
    ...simulatedNodes({
      ...(nodes === undefined ? {} : { count: nodes }),
      ...(simulatedTimes ? { times: simulatedTimes } : {}),
    }),
    name: "simulated",
    notes,
    prepare: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}

/** Names the options that simulated nodes ignore: one line when there are any. */
function ignoredBySimulation({ nodeName, nodeAddress, staticPodDir }: ClusterOptions): string[] {
  const given = [
    ...(nodeName === undefined ? [] : ["a name"]),
    ...(nodeAddress === undefined ? [] : ["an address"]),
    ...(staticPodDir === undefined ? [] : ["static pods"]),
  ];
  return given.length === 0 ? [] : [`simulated nodes are not given ${given.join(", ")}`];
}
