import type { Scope } from "#base";
import type { Cache } from "#client";
import type { Pod } from "#objects";
import { bind, hasWork, prepareVolumes, type BinderOptions, type BindResult } from "./bind.ts";
import type { Observer } from "./observe.ts";
import type { ClusterEvent } from "./queue/cluster-event.ts";
import type { QueuedPod } from "./queue/scheduling-queue.ts";
import type { SchedulingState } from "./scheduling-state.ts";
import type { UnscheduledReporter } from "./unscheduled.ts";
import type { VolumeReservation } from "./volumes/storage.ts";

/**
 * Bindings that are being written: enough for the store to commit them in groups, few enough for a short turn. Pods that
 * wait for their volumes do not count: that can take minutes.
 */
const MAX_BINDING = 32;

export interface BindingsOptions extends BinderOptions {
  readonly state: SchedulingState;
  readonly pods: Cache<Pod>;
  readonly observer: Observer;
  readonly reporter: UnscheduledReporter;
  readonly notify: (event: ClusterEvent) => void;
  /** Called when a pod waits again. */
  readonly onFailed: () => void;
  readonly scope: Scope;
}

/** Writes the nodes that were decided, many at a time (upstream's binding cycle). */
export class Bindings {
  readonly #options: BindingsOptions;
  #whenRoom: (() => void) | undefined;
  #writing = 0;
  /** How to end the waiting of pods for their volumes, by uid. */
  readonly #preparing = new Map<string, AbortController>();

  constructor(options: BindingsOptions) {
    this.#options = options;
  }

  /** Resolves once another one may begin; undefined when that is now. For a single caller. */
  whenRoom(): Promise<void> | undefined {
    if (this.#writing < MAX_BINDING) return undefined;
    return new Promise((resolve) => (this.#whenRoom = resolve));
  }

  /** Begins to bind a pod that the snapshot has on the node already. */
  begin(queued: QueuedPod, node: string, reservation: VolumeReservation | undefined): void {
    this.#options.state.binding.add(queued.info.uid);
    const work = reservation && hasWork(reservation) ? reservation : undefined;
    // Counted at once: the loop asks for room before the write has begun.
    if (!work) this.#writing++;
    this.#options.scope.run("bind", () => this.#bind(queued, node, work));
  }

  /** Gives a pod up whose volumes are not ready yet; it will be tried again. Returns whether there was such a pod. */
  cancel(uid: string): boolean {
    const preparing = this.#preparing.get(uid);
    preparing?.abort();
    return preparing !== undefined;
  }

  async #bind(queued: QueuedPod, node: string, reservation: VolumeReservation | undefined): Promise<void> {
    const { state, signal } = this.#options;
    const { info } = queued;
    let result: BindResult | undefined;
    if (reservation) {
      result = await this.#prepare(queued, reservation);
      if (!result) this.#writing++;
    }
    if (!result) {
      result = await bind(info, node, this.#options);
      this.#writing--;
      this.#whenRoom?.();
      this.#whenRoom = undefined;
    }
    state.binding.delete(info.uid);
    if (reservation) state.storage.release(reservation);
    if (!signal.aborted) this.#settle(queued, result, reservation !== undefined);
  }

  async #prepare(queued: QueuedPod, reservation: VolumeReservation): Promise<BindResult | undefined> {
    const { uid } = queued.info;
    const cancelling = new AbortController();
    this.#preparing.set(uid, cancelling);
    try {
      return await prepareVolumes(queued.info, reservation, this.#options, cancelling.signal);
    } finally {
      this.#preparing.delete(uid);
    }
  }

  #settle(queued: QueuedPod, result: BindResult, reserved: boolean): void {
    const { state, pods, observer, reporter, notify, onFailed, clock } = this.#options;
    const { queue, snapshot } = state;
    const { info } = queued;
    if (result.type === "bound") {
      queue.remove(info.uid);
      return;
    }
    // If it is on a node after all, the watch tells.
    const current = pods.get(info.key);
    if (current?.metadata.uid === info.uid && current.spec?.nodeName) return;
    if (snapshot.removePod(info.uid)) notify({ type: "pod-left", pod: info });
    if (reserved) notify({ type: "volumes-released" });
    if (result.type !== "failed") {
      queue.remove(info.uid);
      return;
    }
    reporter.failed(info, result.message);
    // Changes of a pod are not observed while it is being bound.
    if (current && current !== info.pod) observer.pod({ type: "modified", object: current, previous: info.pod });
    queue.failed(queued, clock.monotonic());
    onFailed();
  }
}
