import type { Pod } from "#objects";
import type { KubeletStreams } from "./kubelet.ts";
import { containerView, type PodView } from "./pod/view.ts";
import type { RuntimeStreams } from "./runtime.ts";

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
