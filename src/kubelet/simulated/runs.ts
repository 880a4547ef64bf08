import type { Pod } from "#objects";
import type { SimulatedContainer } from "./container.ts";

/** Runs of one container that are kept: the one that runs, and the one before for its log. */
const KEPT_RUNS = 2;

/** What has run on a node, as far as it is kept. */
export class ContainerRuns {
  readonly #byId = new Map<string, SimulatedContainer>();
  readonly #byPod = new Map<string, readonly SimulatedContainer[]>();
  /** Each as it was when its latest container started. */
  readonly #pods = new Map<string, Pod>();

  add(pod: Pod, run: SimulatedContainer): void {
    const { uid = "" } = pod.metadata;
    this.#pods.set(uid, pod);
    const kept: SimulatedContainer[] = [];
    for (const other of this.#byPod.get(uid) ?? []) {
      if (other.name !== run.name || other.attempt > run.attempt - KEPT_RUNS) kept.push(other);
      else this.#byId.delete(other.id);
    }
    this.#byPod.set(uid, [...kept, run]);
    this.#byId.set(run.id, run);
  }

  get(id: string): SimulatedContainer | undefined {
    return this.#byId.get(id);
  }

  removePod({ metadata: { uid = "" } }: Pod): void {
    for (const { id } of this.#byPod.get(uid) ?? []) this.#byId.delete(id);
    this.#byPod.delete(uid);
    this.#pods.delete(uid);
  }

  /** What runs, each with its pod as it was when its latest container started. */
  *running(): Generator<{ readonly pod: Pod; readonly run: SimulatedContainer }> {
    for (const [uid, runs] of this.#byPod) {
      for (const run of runs) if (run.running) yield { pod: this.#pods.get(uid)!, run };
    }
  }

  all(): Iterable<SimulatedContainer> {
    return this.#byId.values();
  }
}
