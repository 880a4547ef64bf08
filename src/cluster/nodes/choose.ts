import type { Clock, Log, Scope } from "#base";
import { simulatedNodes } from "#composition";
import { commandFor } from "../data-dir/command-line.ts";
import { keptRuntime, type RuntimeName } from "../data-dir/kept-runtime.ts";
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
  const { containerdSocket, nodes = 1, dataDir } = options;
  const kept = dataDir === undefined ? undefined : keptRuntime(dataDir);
  const runtime = wantedRuntime(options, kept);
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
  if (kept === "containerd") throw new StartError(`this cluster runs real containers: ${missing}`);
  if (runtime === "auto" && containerdSocket === undefined)
    return simulatedRuntime(options, [`nodes are simulated: ${missing}`, ...ignoredBySimulation(options)]);
  throw new StartError(missing);
}

/**
 * A cluster stays with what has run its nodes: their Pods and volumes are of one kind or the other.
 *
 * @throws StartError when the other is asked for.
 */
function wantedRuntime(
  { runtime, containerdSocket, dataDir = "" }: ClusterOptions,
  kept: RuntimeName | undefined,
): RuntimeName | "auto" {
  const asked = containerdSocket === undefined || runtime === "simulated" ? runtime : "containerd";
  if (kept === undefined || asked === kept) return asked ?? kept ?? "simulated";
  if (asked === undefined || asked === "auto") return kept;
  const [are, wanted] = [kept, asked].map((name) => (name === "simulated" ? "simulated nodes" : "real containers"));
  throw new StartError(
    `the cluster in ${dataDir} has ${are}, which cannot become ${wanted}: start it with --runtime ${kept}, use another --data-dir, or remove it with: ${commandFor(dataDir, "down --purge")}`,
  );
}

function simulatedRuntime({ nodes, simulatedTimes }: ClusterOptions, given: readonly string[]): NodeRuntime {
  const notes = [...given];
  return {
    ...simulatedNodes({
      ...(nodes === undefined ? {} : { count: nodes }),
      onRemoved: (names, pods) => void notes.push(removedText(names, pods)),
      ...(simulatedTimes ? { times: simulatedTimes } : {}),
    }),
    name: "simulated",
    notes,
    prepare: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}

function removedText(names: readonly string[], pods: number): string {
  const nodes = names.length === 1 ? "the node" : `the ${names.length} nodes`;
  return `removed ${nodes} beyond that: ${listText(names)}, with ${pods === 1 ? "1 Pod" : `${pods} Pods`}`;
}

const listText = (names: readonly string[]): string =>
  names.length < 4 ? names.join(", ") : `${names[0]} to ${names.at(-1)}`;

/** Names the options that simulated nodes ignore: one line when there are any. */
function ignoredBySimulation({ nodeName, nodeAddress, staticPodDir }: ClusterOptions): string[] {
  const given = [
    ...(nodeName === undefined ? [] : ["a name"]),
    ...(nodeAddress === undefined ? [] : ["an address"]),
    ...(staticPodDir === undefined ? [] : ["static pods"]),
  ];
  return given.length === 0 ? [] : [`simulated nodes are not given ${given.join(", ")}`];
}
