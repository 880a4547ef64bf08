import { unreachable } from "#base";
import { revisionOf } from "#client";
import { isPodTerminal, type Pod } from "#objects";
import type { AdoptedPod } from "../runtime.ts";
import { adoptContainers } from "./adopt-containers.ts";
import { RETRY_MS } from "./back-off.ts";
import { normal, warning, type PodEvent } from "./events.ts";
import type { Happening, Transition } from "./happening.ts";
import { stepContainer } from "./transition-container.ts";
import { stepVolumes } from "./transition-volumes.ts";
import { isStill, type ContainerView, type Lifecycle, type PodView } from "./view.ts";

const DEFAULT_GRACE_SECONDS = 30;
/** Even who is deleted at once gets this long to end. */
const MIN_GRACE_SECONDS = 1;

/** `spec.terminationGracePeriodSeconds` in milliseconds. */
export const graceMs = (pod: Pod): number =>
  Math.max(MIN_GRACE_SECONDS, Number(pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)) * 1000;

/**
 * The view of a pod that was just assigned to this node, or that an earlier kubelet had. `volumes`: whether the node
 * brings volumes to its pods.
 */
export function newView(pod: Pod, now: number, { volumes = false } = {}): PodView {
  const startTime = pod.status?.startTime ? Date.parse(pod.status.startTime) : now;
  const view: PodView = {
    pod,
    lifecycle: { state: "active" },
    volumes: { state: volumes && pod.spec?.volumes?.length ? "unknown" : "absent" },
    sandbox: { state: "none" },
    sandboxAttempt: 0,
    initialized: false,
    containers: new Map(),
    startTime,
  };
  return { ...view, lifecycle: lifecycleOf(view, pod, now) };
}

/** Takes a happening in. Pure; what no longer fits the view (a container of an earlier run) changes nothing. */
export function transition(view: PodView, happening: Happening, now: number): Transition {
  const unchanged: Transition = { view, events: [] };
  const quiet = (change: Partial<PodView>): Transition => ({ view: { ...view, ...change }, events: [] });
  switch (happening.type) {
    case "observed":
      return isKnown(happening.pod, view.pod)
        ? unchanged
        : quiet({ pod: happening.pod, lifecycle: lifecycleOf(view, happening.pod, now) });
    case "forgotten":
      return quiet({ lifecycle: forgotten(view.lifecycle, now) });
    case "adopted":
      return { view: adopt(view, happening.adopted), events: [] };
    case "rejected": {
      const { reason, message } = happening;
      return {
        view: { ...view, lifecycle: { state: "rejected", reason, message: `Pod was rejected: ${message}` } },
        events: [warning(reason, message)],
      };
    }
    case "deadline-exceeded": {
      if (view.lifecycle.state !== "active") return unchanged;
      const reason = "DeadlineExceeded";
      const message = "Pod was active on the node longer than the specified deadline";
      return {
        view: { ...view, lifecycle: { state: "failing", deadline: now + graceMs(view.pod), reason, message } },
        events: [normal(reason, message)],
      };
    }
    case "evicted": {
      if (view.lifecycle.state !== "active") return unchanged;
      const { type: _, grace, ...failure } = happening;
      const deadline = now + (grace === "own" ? graceMs(view.pod) : MIN_GRACE_SECONDS * 1000);
      return {
        view: { ...view, lifecycle: { state: "failing", deadline, ...failure } },
        events: [warning(failure.reason, failure.message)],
      };
    }
    case "finished":
      if (view.lifecycle.state !== "active") return unchanged;
      return quiet({ lifecycle: { state: "finishing", deadline: now + graceMs(view.pod) } });
    case "volumes-mounting":
    case "volumes-mounted":
    case "volumes-failed":
    case "volumes-gone":
    case "volumes-changed":
    case "volumes-event":
    case "volumes-stale":
      return stepVolumes(view, happening, now);
    case "sandbox-creating":
    case "sandbox-ready":
    case "sandbox-failed":
    case "sandbox-lost":
    case "sandbox-stopping":
    case "sandbox-stopped":
      return stepSandbox(view, happening, now);
    default:
      return stepContainer(view, happening, now);
  }
}

/** Not newer, that is: what was seen already changes nothing. */
const isKnown = (pod: Pod, known: Pod) =>
  revisionOf(pod.metadata.resourceVersion) <= revisionOf(known.metadata.resourceVersion);

/** Where the pod is once the API has it like this. A deletion that is asked for again can only come sooner. */
function lifecycleOf({ lifecycle }: PodView, pod: Pod, now: number): Lifecycle {
  if (pod.metadata.deletionTimestamp === undefined) {
    // Another writer has declared it ended.
    return lifecycle.state === "active" && isPodTerminal(pod)
      ? { state: "finishing", deadline: now + graceMs(pod) }
      : lifecycle;
  }
  const grace = Number(pod.metadata.deletionGracePeriodSeconds ?? graceMs(pod) / 1000);
  const asked = now + Math.max(MIN_GRACE_SECONDS, grace) * 1000;
  switch (lifecycle.state) {
    case "active":
      return { state: "deleting", deadline: asked, forgotten: false };
    case "rejected": {
      const { reason, message } = lifecycle;
      return { state: "deleting", deadline: asked, forgotten: false, failure: { reason, message } };
    }
    case "finishing":
      return { state: "deleting", deadline: Math.min(asked, lifecycle.deadline), forgotten: false };
    case "failing": {
      const { state: _, deadline: before, ...failure } = lifecycle;
      return { state: "deleting", deadline: Math.min(asked, before), forgotten: false, failure };
    }
    case "deleting":
      return asked < lifecycle.deadline ? { ...lifecycle, deadline: asked } : lifecycle;
    default:
      return unreachable(lifecycle);
  }
}

/** Gone from the API, by force or with its node: no client waits for it any more. */
function forgotten(lifecycle: Lifecycle, now: number): Lifecycle {
  const deadline = now + MIN_GRACE_SECONDS * 1000;
  return lifecycle.state === "deleting"
    ? { ...lifecycle, deadline: Math.min(lifecycle.deadline, deadline), forgotten: true }
    : { state: "deleting", deadline, forgotten: true };
}

type SandboxHappening = Extract<Happening, { readonly type: `sandbox-${string}` }>;

function stepSandbox(view: PodView, happening: SandboxHappening, now: number): Transition {
  const { sandbox } = view;
  const become = (change: Partial<PodView>, ...events: readonly PodEvent[]): Transition => ({
    view: { ...view, ...change },
    events,
  });
  switch (happening.type) {
    case "sandbox-creating":
      return become({ sandbox: { state: "creating" } });
    case "sandbox-ready":
      return become({ sandbox: { state: "ready", sandbox: happening.sandbox } });
    case "sandbox-failed":
      return become(
        { sandbox: { state: "failed", retryAt: now + RETRY_MS } },
        warning("FailedCreatePodSandBox", `Failed to create pod sandbox: ${happening.message}`),
      );
    case "sandbox-lost":
      if (sandbox.state !== "ready" || sandbox.sandbox.id !== happening.id) return become({});
      return become({ sandbox: { state: "lost", sandbox: sandbox.sandbox } });
    case "sandbox-stopping":
      return "sandbox" in sandbox ? become({ sandbox: { state: "stopping", sandbox: sandbox.sandbox } }) : become({});
    case "sandbox-stopped": {
      const change = { sandbox: { state: "none" }, sandboxAttempt: view.sandboxAttempt + 1 } as const;
      // A pod that ends needs no other.
      if (view.lifecycle.state !== "active") return become(change);
      return become(
        { ...change, ...(isStill(view) ? { initialized: false, containers: afresh(view) } : {}) },
        normal("SandboxChanged", "Pod sandbox changed, it will be killed and re-created."),
      );
    }
    default:
      return unreachable(happening);
  }
}

/** What an earlier kubelet has left of the pod, if anything. */
function adopt(view: PodView, adopted: AdoptedPod | undefined): PodView {
  const { sandbox, lostSandbox, containers = new Map() } = adopted ?? {};
  const left = { ...view, containers: adoptContainers(view.pod, containers) };
  const initialized = (view.pod.spec?.containers ?? []).some(({ name }) => left.containers.has(name));
  if (sandbox) return { ...left, sandbox: { state: "ready", sandbox }, initialized };
  if (lostSandbox !== undefined)
    return { ...left, sandbox: { state: "lost", sandbox: { id: lostSandbox, ips: [] } }, initialized };
  return isStill(left) ? { ...left, containers: afresh(left) } : { ...left, initialized };
}

/** In a new sandbox the pod is initialized anew. */
function afresh({ pod, containers }: PodView): ReadonlyMap<string, ContainerView> {
  const next = new Map(containers);
  for (const { name } of pod.spec?.initContainers ?? []) {
    const container = containers.get(name);
    if (container?.run.state !== "exited") continue;
    const { image, run, restarts, backOff } = container;
    next.set(name, {
      image,
      run: { state: "none" },
      last: run.terminated,
      restarts: restarts + 1,
      ...(backOff ? { backOff } : {}),
    });
  }
  return next;
}
