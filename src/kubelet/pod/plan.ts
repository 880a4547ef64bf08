import { isPodTerminal, isSidecar, type Container, type Pod } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { restartsAfter } from "./restart.ts";
import { containerView, type ContainerView, type PodView } from "./view.ts";

/** One thing to be done for a pod. Steps of one plan do not depend on each other. */
export type Step =
  | { readonly type: "create-sandbox" }
  | { readonly type: "remove-sandbox" }
  | { readonly type: "pull-image"; readonly container: AnyContainer }
  | { readonly type: "start-container"; readonly container: AnyContainer; readonly kind: ContainerKind }
  | { readonly type: "stop-container"; readonly name: string; readonly id: string; readonly graceSeconds: number }
  | { readonly type: "end"; readonly reason: string; readonly message: string }
  /** Everything has stopped: the API may forget the pod. */
  | { readonly type: "finish-deletion" };

export type ContainerKind = "init" | "main" | "ephemeral";

export interface PodPlan {
  readonly steps: readonly Step[];
  /** Look again at this time if nothing happens before. */
  readonly requeueAt?: number;
}

const DEFAULT_GRACE_SECONDS = 30;

/** What is to be done next so that the pod becomes what its spec says (upstream computePodActions). */
export function planPod(view: PodView, now: number): PodPlan {
  const { pod } = view;
  if (pod.metadata.deletionTimestamp) return planShutdown(view, deletionGrace(pod), true);
  if (view.ending) return planShutdown(view, gracePeriod(pod), false);

  const deadline = deadlineOf(view);
  if (deadline !== undefined && now >= deadline) {
    return {
      steps: [
        {
          type: "end",
          reason: "DeadlineExceeded",
          message: "Pod was active on the node longer than the specified deadline",
        },
      ],
    };
  }
  if (isPodTerminal(pod) && view.sandbox.state === "none") return { steps: [] };
  if (isFinished(view)) return planShutdown(view, gracePeriod(pod), false);

  const plan = planRunning(view, now);
  return deadline === undefined ? plan : earlier(plan, deadline);
}

const earlier = (plan: PodPlan, at: number): PodPlan => ({
  ...plan,
  requeueAt: Math.min(plan.requeueAt ?? Infinity, at),
});

function planRunning(view: PodView, now: number): PodPlan {
  const { sandbox } = view;
  if (sandbox.state === "none") return { steps: [{ type: "create-sandbox" }] };
  if (sandbox.state === "failed") {
    return sandbox.retryAt <= now ? { steps: [{ type: "create-sandbox" }] } : { steps: [], requeueAt: sandbox.retryAt };
  }
  if (sandbox.state !== "ready") return { steps: [] };

  const steps: Step[] = [];
  let requeueAt = Infinity;
  const advance = (container: AnyContainer, kind: ContainerKind) => {
    const next = nextOf(view, container, kind, now);
    if (next.step) steps.push(next.step);
    if (next.at !== undefined) requeueAt = Math.min(requeueAt, next.at);
  };
  const { initContainers = [], containers = [], ephemeralContainers = [] } = view.pod.spec ?? {};
  let initialized = true;
  for (const container of initContainers) {
    const { run } = containerView(view, container.name);
    const passed = isSidecar(container)
      ? run.state === "running" && run.started
      : run.state === "exited" && run.terminated.exitCode === 0;
    if (isSidecar(container) || !passed) advance(container, "init");
    if (!passed && !alreadyInitialized(view)) {
      initialized = false;
      break;
    }
  }
  if (initialized) {
    for (const container of containers) advance(container, "main");
    for (const container of ephemeralContainers) advance(container, "ephemeral");
  }
  return requeueAt === Infinity ? { steps } : { steps, requeueAt };
}

/** Once a main container has been started, a side-car that restarts holds nobody back. */
const alreadyInitialized = (view: PodView) =>
  (view.pod.spec?.containers ?? []).some(({ name }) => {
    const { run, last } = containerView(view, name);
    return run.state !== "none" || last !== undefined;
  });

/** What one container needs next: its image, a start, a wait, or nothing. */
function nextOf(
  view: PodView,
  container: AnyContainer,
  kind: ContainerKind,
  now: number,
): { readonly step?: Step; readonly at?: number } {
  const { run, image } = containerView(view, container.name);
  switch (run.state) {
    case "starting":
    case "running":
      return {};
    case "exited": {
      const again =
        kind !== "ephemeral" && restartsAfter(view.pod, container as Container, kind, run.terminated.exitCode ?? 0);
      if (!again) return {};
      if (run.restartAt > now) return { at: run.restartAt };
      break;
    }
    case "failed":
      if (run.retryAt > now) return { at: run.retryAt };
      break;
    case "none":
      break;
  }
  switch (image.state) {
    case "pulling":
      return {};
    case "failed":
      return image.retryAt <= now ? { step: { type: "pull-image", container } } : { at: image.retryAt };
    case "unknown":
      return { step: { type: "pull-image", container } };
    case "present":
      return { step: { type: "start-container", container, kind } };
  }
}

/** Stops everything, main containers before side-cars, then the sandbox, then (when deleted) the object. */
function planShutdown(view: PodView, graceSeconds: number, deleted: boolean): PodPlan {
  const names = (containers: readonly AnyContainer[] | undefined) => (containers ?? []).map(({ name }) => name);
  const { spec } = view.pod;
  const sidecars = names((spec?.initContainers ?? []).filter(isSidecar)).reverse();
  const others = [
    ...names(spec?.containers),
    ...names(spec?.ephemeralContainers),
    ...names(spec?.initContainers),
  ].filter((name) => !sidecars.includes(name));
  const alive = (name: string) => ["starting", "running"].includes(containerView(view, name).run.state);
  const stopping = others.some(alive) ? others.filter(alive) : sidecars.filter(alive).slice(0, 1);
  if (stopping.length > 0)
    return { steps: stopping.flatMap((name) => stopStep(name, containerView(view, name), graceSeconds)) };
  if (view.sandbox.state === "ready") return { steps: [{ type: "remove-sandbox" }] };
  if (["creating", "removing"].includes(view.sandbox.state)) return { steps: [] };
  return { steps: deleted ? [{ type: "finish-deletion" }] : [] };
}

/** A container that is only starting is stopped as soon as it runs. */
function stopStep(name: string, { run }: ContainerView, graceSeconds: number): Step[] {
  if (run.state !== "running" || run.stopping) return [];
  return [{ type: "stop-container", name, id: run.id, graceSeconds }];
}

const gracePeriod = (pod: Pod) => pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
const deletionGrace = (pod: Pod) => pod.metadata.deletionGracePeriodSeconds ?? gracePeriod(pod);

function deadlineOf({ pod, startTime }: PodView): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined || isPodTerminal(pod) ? undefined : startTime + seconds * 1000;
}

/** Whether every main container has ended for good, or an init container has failed for good. */
export function isFinished(view: PodView): boolean {
  const { initContainers = [], containers = [] } = view.pod.spec ?? {};
  const endedForGood = (container: Container, kind: "init" | "main") => {
    const { run } = containerView(view, container.name);
    return run.state === "exited" && !restartsAfter(view.pod, container, kind, run.terminated.exitCode ?? 0);
  };
  const initFailed = initContainers.some((container) => {
    if (isSidecar(container)) return false;
    const { run } = containerView(view, container.name);
    return run.state === "exited" && run.terminated.exitCode !== 0 && endedForGood(container, "init");
  });
  return initFailed || (containers.length > 0 && containers.every((container) => endedForGood(container, "main")));
}
