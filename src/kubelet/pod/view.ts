import type { ContainerStateTerminated, Pod } from "#objects";
import type { Sandbox } from "../runtime.ts";

/** All that the kubelet knows about one pod; replaced, never changed. */
export interface PodView {
  readonly pod: Pod;
  readonly sandbox: SandboxView;
  /** By container name; of init, main and ephemeral containers alike. */
  readonly containers: ReadonlyMap<string, ContainerView>;
  /** Why the pod as a whole must end, once it must. */
  readonly ending?: Ending;
  /** When this kubelet first saw the pod, milliseconds since the epoch. */
  readonly startTime: number;
}

export type SandboxView =
  | { readonly state: "none" }
  | { readonly state: "creating" }
  | { readonly state: "failed"; readonly message: string; readonly retryAt: number; readonly attempts: number }
  | { readonly state: "ready"; readonly sandbox: Sandbox }
  | { readonly state: "removing" }
  | { readonly state: "removed" };

/** The pod fails as a whole, whatever its containers do: its deadline passed. */
export interface Ending {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerView {
  readonly image: ImageView;
  readonly run: RunView;
  /** How the run before this one ended. */
  readonly last?: ContainerStateTerminated;
  readonly restarts: number;
  /** The wait before the next start after an exit, doubling. */
  readonly backOffMs: number;
}

export type ImageView =
  | { readonly state: "unknown" }
  | { readonly state: "pulling" }
  | { readonly state: "present"; readonly id: string }
  | {
      readonly state: "failed";
      /** ErrImagePull, ErrImageNeverPull, InvalidImageName */
      readonly reason: string;
      readonly message: string;
      readonly retryAt: number;
      readonly attempts: number;
    };

export type RunView =
  | { readonly state: "none" }
  | { readonly state: "starting" }
  | {
      readonly state: "running";
      readonly id: string;
      readonly startedAt: number;
      /** The startup probe has passed, or there is none. */
      readonly started: boolean;
      readonly ready: boolean;
      readonly stopping: boolean;
    }
  | {
      readonly state: "exited";
      readonly id: string;
      readonly terminated: ContainerStateTerminated;
      readonly restartAt: number;
    }
  /** It could not be created or started. */
  | {
      readonly state: "failed";
      readonly reason: string;
      readonly message: string;
      readonly retryAt: number;
      readonly attempts: number;
    };

export const FRESH_CONTAINER: ContainerView = {
  image: { state: "unknown" },
  run: { state: "none" },
  restarts: 0,
  backOffMs: 0,
};

export const containerView = (view: PodView, name: string): ContainerView =>
  view.containers.get(name) ?? FRESH_CONTAINER;

/** The view with one container changed. */
export function withContainer(view: PodView, name: string, change: Partial<ContainerView>): PodView {
  return { ...view, containers: new Map(view.containers).set(name, { ...containerView(view, name), ...change }) };
}
