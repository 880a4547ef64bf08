import type { Pod } from "#objects";
import type { AdoptedPod, ContainerExit, ProbeOutcome, RunningContainer, Sandbox } from "../runtime.ts";
import type { VolumeFailure } from "../volumes.ts";
import type { PodEvent } from "./events.ts";
import type { Failure, PodView } from "./view.ts";

/** What can happen to a pod, as its view takes it in. `name` is a container's. */
export type Happening =
  /** The API has it so. */
  | { readonly type: "observed"; readonly pod: Pod }
  /** The API has it no longer. */
  | { readonly type: "forgotten" }
  /** What an earlier kubelet left was found. */
  | { readonly type: "adopted"; readonly adopted: AdoptedPod | undefined }
  | { readonly type: "rejected"; readonly reason: string; readonly message: string }
  | { readonly type: "deadline-exceeded" }
  | PodEvicted
  /** Its main containers have ended for good, or it cannot be initialized. */
  | { readonly type: "finished" }
  | { readonly type: "volumes-mounting" }
  | { readonly type: "volumes-mounted" }
  | { readonly type: "volumes-failed"; readonly failures: readonly VolumeFailure[] }
  | { readonly type: "volumes-gone" }
  /** What the volumes are made of is another than it was. */
  | { readonly type: "volumes-changed" }
  | { readonly type: "volumes-event"; readonly event: PodEvent }
  /** A volume no longer holds what it should: what it refers to is gone. */
  | { readonly type: "volumes-stale"; readonly failure: VolumeFailure }
  | { readonly type: "sandbox-creating" }
  | { readonly type: "sandbox-ready"; readonly sandbox: Sandbox }
  | { readonly type: "sandbox-failed"; readonly message: string }
  | { readonly type: "sandbox-lost"; readonly id: string }
  | { readonly type: "sandbox-stopping" }
  | { readonly type: "sandbox-stopped" }
  | { readonly type: "image-wanted"; readonly name: string }
  | { readonly type: "image-pulling"; readonly name: string }
  | { readonly type: "pull-secrets-missing"; readonly name: string; readonly secrets: readonly string[] }
  | { readonly type: "image-present"; readonly name: string; readonly id: string }
  | {
      readonly type: "image-pulled";
      readonly name: string;
      readonly id: string;
      readonly bytes: number;
      readonly tookMs: number;
    }
  | { readonly type: "image-failed"; readonly name: string; readonly failure: Failure }
  | { readonly type: "image-backs-off"; readonly name: string }
  | { readonly type: "container-starting"; readonly name: string }
  | { readonly type: "container-started"; readonly name: string; readonly container: RunningContainer }
  | {
      readonly type: "start-failed";
      readonly name: string;
      readonly failure: Failure;
      readonly exit?: ContainerExit;
    }
  | { readonly type: "hook-done"; readonly name: string; readonly id: string }
  | { readonly type: "hook-failed"; readonly name: string; readonly id: string; readonly hook: "PostStart" | "PreStop" }
  /** The startup probe has passed. */
  | { readonly type: "container-up"; readonly name: string; readonly id: string }
  | { readonly type: "readiness"; readonly name: string; readonly id: string; readonly ready: boolean }
  /** It failed, did not work, or warns. */
  | {
      readonly type: "probe-told";
      readonly name: string;
      readonly id: string;
      readonly probe: "startup" | "readiness" | "liveness";
      readonly outcome: ProbeOutcome;
    }
  /** The probe has failed so often that the container has to be restarted. */
  | { readonly type: "unhealthy"; readonly name: string; readonly id: string; readonly probe: "startup" | "liveness" }
  | {
      readonly type: "stopping";
      readonly name: string;
      readonly id: string;
      readonly deadline: number;
      readonly because: string;
    }
  | { readonly type: "exited"; readonly name: string; readonly exit: ContainerExit }
  | { readonly type: "restart-backs-off"; readonly name: string };

/** The node ends it. */
export interface PodEvicted {
  readonly type: "evicted";
  readonly reason: "Evicted" | "Preempting";
  readonly message: string;
  /** What its condition DisruptionTarget says; absent when it goes for what it has done itself. */
  readonly disruption?: string;
  /** As long as it may take to end: at once, or as it is set in the pod. */
  readonly grace: "none" | "own";
}

/** What follows from a happening: the pod's new view, and the Events for users. */
export interface Transition {
  readonly view: PodView;
  readonly events: readonly PodEvent[];
}
