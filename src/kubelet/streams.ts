import type { Pod } from "#objects";
import { containerView, type PodView } from "./pod/view.ts";
import type { RuntimeStreams } from "./runtime.ts";

/** The streams of a node's pods, and what of a pod there is to join them to. */
export interface KubeletStreams extends RuntimeStreams {
  /** The id of a container's run while it is running. */
  runningContainer(pod: Pod, name: string): string | undefined;
  /** The id of the pod's sandbox while there is one. */
  runningSandbox(pod: Pod): string | undefined;
}

/** The runtime's streams, and which container or sandbox of a pod they are of as its worker knows it. */
export function joinStreams(streams: RuntimeStreams, viewOf: (pod: Pod) => PodView | undefined): KubeletStreams {
  return {
    exec: (id, request) => streams.exec(id, request),
    attach: (id, request) => streams.attach(id, request),
    portForward: (sandboxId, port) => streams.portForward(sandboxId, port),
    runningContainer(pod, name) {
      const view = viewOf(pod);
      const run = view && containerView(view, name).run;
      return run?.state === "running" ? run.id : undefined;
    },
    runningSandbox(pod) {
      const sandbox = viewOf(pod)?.sandbox;
      return sandbox?.state === "ready" ? sandbox.sandbox.id : undefined;
    },
  };
}
