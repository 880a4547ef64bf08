import type { Log } from "#base";
import type { KubeObject } from "#objects";
import type { Change, Listener } from "./cache.ts";

/** Changes of a list announced between two turns of the event loop. */
const CHANGES_A_TURN = 1000;

/** Who is told of the changes of a cache. */
export class Listeners<T extends KubeObject> {
  readonly #log: Log;
  readonly #resource: string;
  /** Replaced on every change of membership, so that a listener may leave while changes are handed out. */
  #members: readonly Listener<T>[] = [];

  constructor(resource: string, log: Log) {
    this.#resource = resource;
    this.#log = log;
  }

  /** Returns how to leave. */
  add(listener: Listener<T>): () => void {
    this.#members = [...this.#members, listener];
    return () => {
      this.#members = this.#members.filter((other) => other !== listener);
    };
  }

  clear(): void {
    this.#members = [];
  }

  announce(change: Change<T>): void {
    this.#call(this.#members, change);
  }

  /**
   * Announces the changes of a list; thousands take turns of the event loop, each step of the iteration is one. A listener
   * that came meanwhile has been told of what is there, which is more than of these changes.
   */
  *announceAll(changes: readonly Change<T>[]): Iterable<void> {
    const before = this.#members;
    const concerned = new Set(before);
    for (const [at, change] of changes.entries()) {
      if (at > 0 && at % CHANGES_A_TURN === 0) yield;
      const members = this.#members;
      this.#call(members === before ? before : members.filter((listener) => concerned.has(listener)), change);
    }
  }

  #call(members: readonly Listener<T>[], change: Change<T>): void {
    for (const listener of members) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error("a cache listener failed", { resource: this.#resource, error });
      }
    }
  }
}
