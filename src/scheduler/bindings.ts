import type { Scope } from "#base";
import type { Cache } from "#client";
import type { Pod } from "#objects";
import { bind, type BinderOptions } from "./bind.ts";
import type { Observer } from "./observe.ts";
import type { ClusterEvent } from "./queue/events.ts";
import type { QueuedPod } from "./queue/scheduling-queue.ts";
import type { SchedulingState } from "./scheduling-state.ts";

/** Bindings under way: enough for the store to commit them in groups, few enough for a short turn. */
const MAX_BINDING = 32;

export interface BindingsOptions extends BinderOptions {
  readonly state: SchedulingState;
  readonly pods: Cache<Pod>;
  readonly observer: Observer;
  readonly notify: (event: ClusterEvent) => void;
  /** Called when a pod waits again. */
  readonly onFailed: () => void;
  readonly scope: Scope;
}

/** Writes the nodes that were decided, many at a time (upstream's binding cycle). */
export class Bindings {
  readonly #options: BindingsOptions;
  #whenRoom: (() => void) | undefined;

  constructor(options: BindingsOptions) {
    this.#options = options;
  }

  /** Resolves once another one may begin; undefined when that is now. For a single caller. */
  whenRoom(): Promise<void> | undefined {
    if (this.#options.state.binding.size < MAX_BINDING) return undefined;
    return new Promise((resolve) => (this.#whenRoom = resolve));
  }

  /** Begins to bind a pod that the snapshot has on the node already. */
  begin(queued: QueuedPod, node: string): void {
    this.#options.state.binding.add(queued.info.uid);
    this.#options.scope.run("bind", () => this.#bind(queued, node));
  }

  async #bind(queued: QueuedPod, node: string): Promise<void> {
    const { state, pods, observer, notify, onFailed, clock, signal } = this.#options;
    const { binding, queue, snapshot } = state;
    const { info } = queued;
    const result = await bind(info, node, this.#options);
    binding.delete(info.uid);
    this.#whenRoom?.();
    this.#whenRoom = undefined;
    if (signal.aborted) return;
    if (result.type === "bound") {
      queue.remove(info.uid);
      return;
    }
    // If it is on a node after all, the watch tells.
    const current = pods.get(info.key);
    if (current?.metadata.uid === info.uid && current.spec?.nodeName) return;
    if (snapshot.removePod(info.uid)) notify({ type: "pod-left", pod: info });
    if (result.type === "moot") {
      queue.remove(info.uid);
      return;
    }
    // Changes of a pod are not observed while it is being bound.
    if (current && current !== info.pod) observer.pod({ type: "modified", object: current, previous: info.pod });
    queue.failed(queued, clock.monotonic());
    onFailed();
  }
}
