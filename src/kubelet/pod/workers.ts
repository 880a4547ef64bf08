import { isPodTerminal, type Pod } from "#objects";
import { uidOnNode } from "../static/annotations.ts";
import type { Happening } from "./happening.ts";
import type { PodRecord } from "./record.ts";
import type { PodView } from "./view.ts";
import { PodWorker, type WorkerContext } from "./worker.ts";

/** The workers of a node's pods, by uid: each from the kubelet's first sight of its pod until nothing is left of it. */
export class PodWorkers {
  readonly #workers = new Map<string, PodWorker>();
  /** Pods that the API has deleted while their worker still tidies up. The other workers stay until it has. */
  readonly #forgotten = new Set<string>();
  readonly #context: WorkerContext;
  readonly #readmit: (pod: Pod) => void;

  /**
   * `context`: what the workers of the API's pods share. `readmit` is called with a pod that an earlier kubelet had
   * admitted already.
   */
  constructor(context: Omit<WorkerContext, "onGone">, readmit: (pod: Pod) => void) {
    this.#context = {
      ...context,
      onGone: (uid) => {
        context.onOver(uid);
        if (this.#forgotten.delete(uid)) this.#workers.delete(uid);
      },
    };
    this.#readmit = readmit;
  }

  /** Takes in a pod of the API: a new one gets a worker. */
  observe(pod: Pod): void {
    const known = this.#workers.get(pod.metadata.uid ?? "");
    if (known) {
      known.dispatch({ type: "observed", pod });
      return;
    }
    // Finished before this kubelet came: nothing runs, and only its deletion would be left to do.
    if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) return;
    this.#start(pod, this.#context);
  }

  /** The API has the pod no longer. */
  forget(pod: Pod): void {
    const { uid = "" } = pod.metadata;
    const worker = this.#workers.get(uid);
    if (worker?.closed) this.#workers.delete(uid);
    else if (worker) {
      this.#forgotten.add(uid);
      // As upstream: its room is free for the next pod, though containers may still be ending.
      this.#context.onOver(uid);
      worker.dispatch({ type: "forgotten" });
    }
  }

  /** Starts a pod that is not the API's. `onGone` is called once nothing is left of it. */
  startStatic(pod: Pod, record: PodRecord, onGone: () => void): PodWorker {
    const { onOver } = this.#context;
    return this.#start(pod, {
      ...this.#context,
      record,
      onGone: (uid) => {
        onOver(uid);
        this.#workers.delete(uid);
        onGone();
      },
    });
  }

  /** Tells the worker of a uid, if there is one. */
  dispatch(uid: string, happening: Happening): void {
    this.#workers.get(uid)?.dispatch(happening);
  }

  /** What is known of a pod, be it the API's, a static one or its mirror. */
  viewOf(pod: Pod): PodView | undefined {
    return this.#workers.get(uidOnNode(pod))?.view;
  }

  views(): readonly PodView[] {
    return [...this.#workers.values()].map(({ view }) => view);
  }

  /** The pods that take room on the node. */
  activePods(): readonly Pod[] {
    return this.views()
      .filter(({ lifecycle, pod }) => lifecycle.state === "active" && !isPodTerminal(pod))
      .map(({ pod }) => pod);
  }

  /** Stops every worker; what runs goes on running. */
  close(): void {
    for (const worker of this.#workers.values()) worker.close();
  }

  #start(pod: Pod, context: WorkerContext): PodWorker {
    const { uid = "" } = pod.metadata;
    const worker = new PodWorker(pod, context);
    this.#workers.set(uid, worker);
    if (pod.status?.startTime) this.#readmit(pod);
    const { log, signal } = context;
    worker.start().catch((error: unknown) => {
      if (!signal.aborted) log.error("a pod could not be taken up", { pod: uid, error });
    });
    return worker;
  }
}
