import type { ContainerStateTerminated, ContainerUser, Pod } from "#objects";
import type { AnyContainer, Sandbox } from "../runtime.ts";

/** All that the kubelet knows about one pod; replaced, never changed. */
export interface PodView {
  /** As the API has it. */
  readonly pod: Pod;
  readonly lifecycle: Lifecycle;
  readonly volumes: VolumesView;
  readonly sandbox: SandboxView;
  /** How many sandboxes the pod has had before this one. */
  readonly sandboxAttempt: number;
  /** A main container has been started in this sandbox: init containers have done their part. */
  readonly initialized: boolean;
  /** By container name; of init, main and ephemeral containers alike. */
  readonly containers: ReadonlyMap<string, ContainerView>;
  /** When this kubelet first saw the pod, milliseconds since the epoch. */
  readonly startTime: number;
}

/**
 * Where the pod as a whole is. `deadline`: when its main containers are ended at the latest, milliseconds since the
 * epoch.
 */
export type Lifecycle =
  /** It is to run. */
  | { readonly state: "active" }
  /** The node has not taken it. */
  | { readonly state: "rejected"; readonly reason: string; readonly message: string }
  /** Its main containers have ended for good: what else runs is stopped. */
  | { readonly state: "finishing"; readonly deadline: number }
  /** It fails as a whole, whatever its containers do: its deadline passed, or it was evicted. */
  | ({ readonly state: "failing"; readonly deadline: number } & PodFailure)
  /** It is being deleted; `forgotten`: the API has it no longer. */
  | {
      readonly state: "deleting";
      readonly deadline: number;
      readonly forgotten: boolean;
      readonly failure?: PodFailure;
    };

/** Why a pod fails as a whole. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
  /** It goes because of the node: what its condition DisruptionTarget says. */
  readonly disruption?: string;
}

export type VolumesView =
  /** The pod has none, or the node does not care for them. */
  | { readonly state: "absent" }
  /** This kubelet has not looked at them yet; an earlier one may have. */
  | { readonly state: "unknown" }
  /**
   * `attempts`: how often mounting has failed before; `since`: when it was first tried, or last complained of;
   * `changed`: what they are made of has changed meanwhile.
   */
  | { readonly state: "mounting"; readonly attempts: number; readonly since: number; readonly changed?: boolean }
  | { readonly state: "failed"; readonly attempts: number; readonly since: number; readonly retryAt: number }
  | { readonly state: "mounted" }
  /** Nothing is left of them. */
  | { readonly state: "gone" };

export type SandboxView =
  | { readonly state: "none" }
  | { readonly state: "creating" }
  | { readonly state: "failed"; readonly retryAt: number }
  | { readonly state: "ready"; readonly sandbox: Sandbox }
  /** It died: its containers are stopped, then it is replaced. */
  | { readonly state: "lost"; readonly sandbox: Sandbox }
  | { readonly state: "stopping"; readonly sandbox: Sandbox };

export interface ContainerView {
  readonly image: ImageView;
  readonly run: RunView;
  /** How the run before this one ended. */
  readonly last?: ContainerStateTerminated;
  readonly restarts: number;
  readonly backOff?: RestartBackOff;
}

/** How long a container that ended waits before it runs again; counted anew once it ran long enough. */
export interface RestartBackOff {
  readonly delayMs: number;
  /** When this delay was set: at the start before. */
  readonly since: number;
}

export type ImageView =
  | { readonly state: "unknown" }
  | { readonly state: "pulling"; readonly attempts: number; readonly shown?: Failure }
  | { readonly state: "present"; readonly id: string }
  | {
      readonly state: "failed";
      readonly failure: Failure;
      readonly at: number;
      readonly retryAt: number;
      readonly attempts: number;
      /** No registry was asked: it is looked at again, and shows no back-off. */
      readonly unasked?: true;
      /** Shown as waiting for the next attempt: ImagePullBackOff. */
      readonly backingOff: boolean;
    };

/** What a waiting container shows. */
export interface Failure {
  /** ErrImagePull, ErrImageNeverPull, CreateContainerError … */
  readonly reason: string;
  readonly message: string;
}

export type RunView =
  | { readonly state: "none" }
  /** `previous`: the run that this one follows. */
  | { readonly state: "starting"; readonly previous?: ExitedView }
  | RunningView
  | ExitedView
  /** It could not even be created. */
  | {
      readonly state: "failed";
      readonly failure: Failure;
      readonly retryAt: number;
      readonly previous?: ExitedView;
    };

export interface RunningView {
  readonly state: "running";
  readonly id: string;
  readonly startedAt: number;
  readonly image?: string;
  readonly user?: ContainerUser;
  /** `hook`: its postStart hook runs; `startup`: its startup probe has yet to pass; `up`: it counts as started. */
  readonly stage: "hook" | "startup" | "up";
  /** By the readiness probe, or without one once it is up. */
  readonly ready: boolean;
  /** The image that its spec asked for when it was started. */
  readonly wanted: string;
  /** Why it has to be stopped though its pod goes on. */
  readonly fault?: "liveness" | "startup" | "hook";
  readonly stopping?: Stopping;
}

export interface Stopping {
  /** When it is ended at the latest, milliseconds since the epoch. */
  readonly deadline: number;
}

export interface ExitedView {
  readonly state: "exited";
  readonly id: string;
  readonly terminated: ContainerStateTerminated;
  readonly image?: string;
  readonly at: number;
  /** Shown as waiting: CrashLoopBackOff. */
  readonly backingOff: boolean;
  /** It was made but could not be started: why. */
  readonly failure?: Failure;
}

export const FRESH_CONTAINER: ContainerView = { image: { state: "unknown" }, run: { state: "none" }, restarts: 0 };

/** The run that the next start follows, or this one does while it is starting. */
export function previousRun(run: RunView): ExitedView | undefined {
  switch (run.state) {
    case "exited":
      return run;
    case "starting":
    case "failed":
      return run.previous;
    case "none":
    case "running":
      return undefined;
  }
}

export const containerView = (view: PodView, name: string): ContainerView =>
  view.containers.get(name) ?? FRESH_CONTAINER;

/** The view with one container changed. */
export function withContainer(view: PodView, name: string, change: Partial<ContainerView>): PodView {
  return { ...view, containers: new Map(view.containers).set(name, { ...containerView(view, name), ...change }) };
}

export type ContainerKind = "init" | "main" | "ephemeral";

/** A container of the pod's spec by its name. */
export function findContainer(
  pod: Pod,
  name: string,
): { readonly kind: ContainerKind; readonly container: AnyContainer } | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const named = (container: AnyContainer) => container.name === name;
  const main = containers.find(named);
  if (main) return { kind: "main", container: main };
  const init = initContainers.find(named);
  if (init) return { kind: "init", container: init };
  const ephemeral = ephemeralContainers.find(named);
  return ephemeral && { kind: "ephemeral", container: ephemeral };
}

/** Whether something of the container runs or is about to. */
export const isAlive = ({ run }: ContainerView): boolean => run.state === "starting" || run.state === "running";

/** Whether nothing of the pod runs or is about to. */
export function isStill(view: PodView): boolean {
  for (const container of view.containers.values()) if (isAlive(container)) return false;
  return true;
}

/** Whether the pod has come to its end: nothing runs, and nothing will. */
export const isOver = (view: PodView): boolean => view.lifecycle.state !== "active" && isStill(view);
