import { isSidecar, type Pod } from "#objects";
import { planStop, type Step } from "./step.ts";
import { containerView, isAlive, type PodView } from "./view.ts";

/** A side-car gets at least this long after the main containers have used the grace up (upstream minimumGracePeriodInSeconds). */
const MIN_SIDECAR_MS = 2_000;

/** Stops everything: main containers, then side-cars from the last to the first, then the sandbox, then its volumes, then (when deleted) the object. */
export function planShutdown(view: PodView, now: number): { readonly steps: readonly Step[] } {
  const { lifecycle, sandbox } = view;
  const deadline = "deadline" in lifecycle ? lifecycle.deadline : now;
  const { sidecars, others } = split(view.pod);
  const alive = (name: string) => isAlive(containerView(view, name));
  const ending = others.filter(alive);
  const stop = (names: readonly string[], by: number) => ({
    steps: names.flatMap((name) =>
      planStop(name, containerView(view, name), { deadline: by, now, because: `Stopping container ${name}` }),
    ),
  });
  if (ending.length > 0) return stop(ending, deadline);
  const last = sidecars.filter(alive).slice(-1);
  if (last.length > 0) return stop(last, Math.max(deadline, now + MIN_SIDECAR_MS));
  switch (sandbox.state) {
    case "ready":
    case "lost":
    // Begun already, and begun again should it have failed.
    case "stopping":
      return { steps: [{ type: "stop-sandbox", id: sandbox.sandbox.id }] };
    case "creating":
      return { steps: [] };
    case "none":
    case "failed":
      return { steps: planEnd(view) };
  }
}

/** Nothing runs any more, and no sandbox is left. */
function planEnd({ volumes, lifecycle }: PodView): readonly Step[] {
  switch (volumes.state) {
    case "mounting":
      return [];
    case "unknown":
    case "failed":
    case "mounted":
      return [{ type: "unmount-volumes" }];
    case "absent":
    case "gone":
      return lifecycle.state === "deleting" ? [{ type: "finish-deletion" }] : [];
  }
}

/** The names of side-cars in the order of their start, and of all other containers. */
function split({ spec }: Pod): { readonly sidecars: readonly string[]; readonly others: readonly string[] } {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  const nameOf = ({ name }: { readonly name: string }) => name;
  return {
    sidecars: initContainers.filter(isSidecar).map(nameOf),
    others: [
      ...containers.map(nameOf),
      ...ephemeralContainers.map(nameOf),
      ...initContainers.filter((container) => !isSidecar(container)).map(nameOf),
    ],
  };
}
