import { isSidecar, type Container, type Probe } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { restartTime } from "./back-off.ts";
import type { Happening } from "./happening.ts";
import { restartsAfter } from "./restart.ts";
import { planShutdown } from "./plan-shutdown.ts";
import { planStop, type Step, type StopStep } from "./step.ts";
import { graceMs } from "./transition.ts";
import {
  containerView,
  isOver,
  type ContainerKind,
  type ContainerView,
  type PodView,
  type RunningView,
} from "./view.ts";

export interface PodPlan {
  /** What is to be noted first: decisions that need no doing. While there are any, nothing else is planned. */
  readonly notes: readonly Happening[];
  readonly steps: readonly Step[];
  /** Look again at this time if nothing happens before. */
  readonly requeueAt?: number;
}

/** How long an exit or a failed pull is shown as such before it is shown as waiting for the next attempt. */
const SHOW_MS = 1_000;

/** What is to be done next so that the pod becomes what its spec says (upstream computePodActions). */
export function planPod(view: PodView, now: number): PodPlan {
  if (view.lifecycle.state !== "active") return { notes: [], ...planShutdown(view, now) };
  const deadline = deadlineOf(view);
  if (now >= deadline) return note({ type: "deadline-exceeded" });
  if (isFinished(view)) return note({ type: "finished" });
  const plan = planVolumes(view, now) ?? planRun(view, now);
  const requeueAt = Math.min(plan.requeueAt ?? Infinity, deadline);
  return requeueAt === Infinity ? plan : { ...plan, requeueAt };
}

/** Containers have to wait for their volumes; undefined: they need not. */
function planVolumes({ volumes }: PodView, now: number): PodPlan | undefined {
  switch (volumes.state) {
    case "absent":
    case "mounted":
      return undefined;
    case "mounting":
      return steps();
    case "failed":
      if (volumes.retryAt > now) return { notes: [], steps: [], requeueAt: volumes.retryAt };
      return steps({ type: "mount-volumes" });
    case "unknown":
    case "gone":
      return steps({ type: "mount-volumes" });
  }
}

const planRun = (view: PodView, now: number): PodPlan =>
  view.sandbox.state === "ready" ? planContainers(view, now) : planSandbox(view, now);

const note = (...notes: readonly Happening[]): PodPlan => ({ notes, steps: [] });
const steps = (...list: readonly Step[]): PodPlan => ({ notes: [], steps: list });

function deadlineOf({ pod, startTime }: PodView): number {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined ? Infinity : startTime + Number(seconds) * 1000;
}

function planSandbox(view: PodView, now: number): PodPlan {
  const { sandbox } = view;
  switch (sandbox.state) {
    case "none":
      return steps({ type: "create-sandbox" });
    case "failed":
      return sandbox.retryAt <= now
        ? steps({ type: "create-sandbox" })
        : { notes: [], steps: [], requeueAt: sandbox.retryAt };
    case "lost": {
      const stops = [...view.containers].flatMap(([name, container]) =>
        planStop(name, container, { deadline: now, now, because: `Stopping container ${name}` }),
      );
      const alive = [...view.containers.values()].some(
        ({ run }) => run.state === "running" || run.state === "starting",
      );
      return steps(...stops, ...(alive ? [] : [{ type: "stop-sandbox", id: sandbox.sandbox.id } as const]));
    }
    case "stopping":
      // Begun already, and begun again should it have failed.
      return steps({ type: "stop-sandbox", id: sandbox.sandbox.id });
    case "creating":
    case "ready":
      return steps();
  }
}

/** Containers in upstream's order: ephemeral ones at once, init containers one by one, then the main ones in turn. */
function planContainers(view: PodView, now: number): PodPlan {
  const notes: Happening[] = [];
  const list: Step[] = [];
  let requeueAt = Infinity;
  /** Returns whether the container is being made: the next one has to wait for it. */
  const advance = (container: AnyContainer, kind: ContainerKind): boolean => {
    const next = nextOf(view, container, kind, now);
    if (next.note) notes.push(next.note);
    if (next.step) list.push(next.step);
    if (next.at !== undefined) requeueAt = Math.min(requeueAt, next.at);
    return next.busy;
  };
  const { initContainers = [], containers = [], ephemeralContainers = [] } = view.pod.spec ?? {};
  for (const container of ephemeralContainers) advance(container, "ephemeral");
  if (advanceInit(view, initContainers, advance)) {
    for (const container of containers) if (advance(container, "main")) break;
  }
  if (notes.length > 0) return note(...notes);
  return { notes, steps: list, ...(requeueAt === Infinity ? {} : { requeueAt }) };
}

/** Returns whether the pod is initialized: every init container has done its work, every side-car has started. */
function advanceInit(
  view: PodView,
  initContainers: readonly Container[],
  advance: (container: AnyContainer, kind: ContainerKind) => boolean,
): boolean {
  for (const container of initContainers) {
    const sidecar = isSidecar(container);
    const passed = hasPassed(containerView(view, container.name), sidecar);
    if (sidecar || !(passed || view.initialized)) advance(container, "init");
    // Once a main container has run, a restarting side-car holds no container back.
    if (!passed && !view.initialized) return false;
  }
  return true;
}

const hasPassed = ({ run }: ContainerView, sidecar: boolean) =>
  sidecar ? run.state === "running" && run.stage === "up" : run.state === "exited" && run.terminated.exitCode === 0;

interface Next {
  readonly step?: Step;
  readonly note?: Happening;
  readonly at?: number;
  /** It is on its way to running. */
  readonly busy: boolean;
}

const IDLE: Next = { busy: false };
const BUSY: Next = { busy: true };

/** What one container needs next: its image, a start, a wait, a stop, or nothing. */
function nextOf(view: PodView, container: AnyContainer, kind: ContainerKind, now: number): Next {
  const own = containerView(view, container.name);
  const { run } = own;
  switch (run.state) {
    case "starting":
      return BUSY;
    case "running": {
      const [stop] = stopOf(view, container, kind, run, now);
      return stop ? { step: stop, busy: false } : run.stage === "hook" ? BUSY : IDLE;
    }
    case "exited": {
      if (!restartsAfter(view.pod, container, kind, run.terminated.exitCode)) return IDLE;
      const at = restartTime(own, run.at);
      if (at <= now) break;
      return backingOff(run, at, now, { type: "restart-backs-off", name: container.name });
    }
    case "failed":
      if (run.retryAt > now) return { at: run.retryAt, busy: false };
      break;
    case "none":
      break;
  }
  return imageOrStart(own, container, now);
}

/** A container that runs is stopped because of a fault, or because its image is to be another. */
function stopOf(
  view: PodView,
  container: AnyContainer,
  kind: ContainerKind,
  run: RunningView,
  now: number,
): readonly StopStep[] {
  const { name } = container;
  const stop = (because: string, probe?: Probe) => {
    const grace = probe?.terminationGracePeriodSeconds;
    const deadline = run.stopping?.deadline ?? now + (grace === undefined ? graceMs(view.pod) : Number(grace) * 1000);
    return planStop(name, containerView(view, name), { deadline, now, because });
  };
  const failed = (what: string) =>
    restartsAfter(view.pod, container, kind, 1)
      ? `Container ${name} ${what}, will be restarted`
      : `Container ${name} ${what}`;
  switch (run.fault) {
    case "liveness":
      return stop(failed("failed liveness probe"), container.livenessProbe);
    case "startup":
      return stop(failed("failed startup probe"), container.startupProbe);
    case "hook":
      return stop("FailedPostStartHook");
    case undefined:
      return kind !== "main" || container.image === run.wanted
        ? []
        : stop(`Container ${name} definition changed, will be restarted`);
  }
}

function imageOrStart({ image }: ContainerView, container: AnyContainer, now: number): Next {
  const { name } = container;
  switch (image.state) {
    case "pulling":
      return BUSY;
    case "failed":
      if (image.retryAt <= now) return { step: { type: "pull-image", name }, busy: true };
      if (image.unasked) return { at: image.retryAt, busy: false };
      return backingOff(image, image.retryAt, now, { type: "image-backs-off", name });
    case "unknown":
      return { step: { type: "pull-image", name }, busy: true };
    case "present":
      return { step: { type: "start-container", name }, busy: true };
  }
}

/** Waits for `until`; after a moment that is what is shown. */
function backingOff(
  shown: { readonly at: number; readonly backingOff: boolean },
  until: number,
  now: number,
  backsOff: Happening,
): Next {
  if (shown.backingOff) return { at: until, busy: false };
  const showAt = Math.min(shown.at + SHOW_MS, until);
  return showAt <= now ? { note: backsOff, busy: false } : { at: showAt, busy: false };
}

/** Whether every main container has ended for good, or an init container has failed for good. */
function isFinished(view: PodView): boolean {
  const { initContainers = [], containers = [] } = view.pod.spec ?? {};
  const endedForGood = (container: Container, kind: ContainerKind) => {
    const { run } = containerView(view, container.name);
    return run.state === "exited" && !restartsAfter(view.pod, container, kind, run.terminated.exitCode);
  };
  const initFailed = initContainers.some((container) => {
    const { run } = containerView(view, container.name);
    return (
      !isSidecar(container) &&
      run.state === "exited" &&
      run.terminated.exitCode !== 0 &&
      endedForGood(container, "init")
    );
  });
  return initFailed || (containers.length > 0 && containers.every((container) => endedForGood(container, "main")));
}

/** Whether nothing is left to be done for the pod but to write its status. */
export const isSettled = (view: PodView): boolean =>
  isOver(view) && view.sandbox.state === "none" && ["absent", "gone"].includes(view.volumes.state);
