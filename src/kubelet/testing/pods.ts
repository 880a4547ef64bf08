import type { Container, Pod, PodSpec, PodStatus } from "#objects";
import type { NodeDescription } from "../node/describe.ts";
import type { Happening } from "../pod/happening.ts";
import { newView, transition } from "../pod/transition.ts";
import type { PodView } from "../pod/view.ts";
import type { ContainerExit, RunningContainer } from "../runtime.ts";

/** What a node says of a machine that is none. */
export const MACHINE: NodeDescription["info"] = {
  kubeletVersion: "v1.36.0",
  osImage: "Test",
  kernelVersion: "6",
  operatingSystem: "linux",
  architecture: "amd64",
  machineId: "m",
  systemUuid: "s",
  bootId: "b",
};

/** The time that these tests begin at. */
export const NOW = Date.UTC(2026, 0, 1);

export const container = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: "nginx",
  ...more,
});

/** A pod as the API has it, assigned to the node n1. */
export function podOf(
  spec: Partial<PodSpec> & { readonly containers: readonly Container[] },
  more: Partial<Pod["metadata"]> = {},
  status: PodStatus = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "u1", generation: 1, resourceVersion: "1", ...more },
    spec: { nodeName: "n1", restartPolicy: "Always", ...spec },
    status: { phase: "Pending", ...status },
  };
}

export const runningContainer = (id: string, startedAt = NOW): RunningContainer => ({
  id,
  startedAt,
  exited: new Promise<ContainerExit>(() => {}),
});

export const exitOf = (id: string, exitCode: number, finishedAt: number, startedAt = NOW): ContainerExit => ({
  id,
  exitCode,
  reason: exitCode === 0 ? "Completed" : "Error",
  startedAt,
  finishedAt,
});

/** How a pod is after all this has happened at once. */
export function after(view: PodView, happenings: readonly Happening[], now = NOW): PodView {
  return happenings.reduce((current, happening) => transition(current, happening, now).view, view);
}

export const viewOf = (pod: Pod, happenings: readonly Happening[] = [], now = NOW): PodView =>
  after(newView(pod, now), happenings, now);

export const SANDBOX: Happening = { type: "sandbox-ready", sandbox: { id: "s1", ips: ["10.244.0.2"] } };

/** A container's whole way to running. */
export const started = (name: string, id = `${name}-1`, startedAt = NOW): readonly Happening[] => [
  { type: "image-wanted", name },
  { type: "image-present", name, id: "sha256:1" },
  { type: "container-starting", name },
  { type: "container-started", name, container: runningContainer(id, startedAt) },
];

export const exited = (name: string, exitCode: number, id = `${name}-1`, at = NOW): Happening => ({
  type: "exited",
  name,
  exit: exitOf(id, exitCode, at),
});
