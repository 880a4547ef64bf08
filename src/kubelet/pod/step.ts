import type { ContainerView } from "./view.ts";

/** One thing to be done for a pod. Steps of one plan do not depend on each other. `name` is a container's. */
export type Step =
  | { readonly type: "mount-volumes" }
  /** Nothing runs any more: what is left of the volumes goes. */
  | { readonly type: "unmount-volumes" }
  | { readonly type: "create-sandbox" }
  | { readonly type: "stop-sandbox"; readonly id: string }
  /** Ensures that its image is on the node. */
  | { readonly type: "pull-image"; readonly name: string }
  | { readonly type: "start-container"; readonly name: string }
  | StopStep
  /** Everything has stopped: the API may forget the pod. */
  | { readonly type: "finish-deletion" };

export interface StopStep {
  readonly type: "stop-container";
  readonly name: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** The Event's text. */
  readonly because: string;
}

/** Steps of the same id are one: it is not begun twice. */
export function stepId(step: Step): string {
  switch (step.type) {
    case "pull-image":
    case "start-container":
      return `${step.type}/${step.name}`;
    case "stop-container":
      // The same with less grace is another.
      return `${step.type}/${step.id}/${step.deadline}`;
    case "mount-volumes":
    case "unmount-volumes":
    case "create-sandbox":
    case "stop-sandbox":
    case "finish-deletion":
      return step.type;
  }
}

/** Stops the container unless that is under way already, by this deadline. One that is only starting waits until it runs. */
export function planStop(
  name: string,
  { run }: ContainerView,
  { deadline, now, because }: { readonly deadline: number; readonly now: number; readonly because: string },
): readonly StopStep[] {
  if (run.state !== "running") return [];
  if (run.stopping && (run.stopping.deadline <= deadline || run.stopping.deadline <= now)) return [];
  return [{ type: "stop-container", name, id: run.id, deadline, because }];
}
