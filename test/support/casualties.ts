import type { ContainerStatus, Pod } from "#objects";

/**
 * Which containers were killed, and whether the restarts that their Pods count fit that. Containers are known by their
 * Pod's uid and their name.
 */
export class Casualties {
  /** By container: by what it was hit, and what its Pod was like then. */
  readonly #hit = new Map<string, string>();
  /** Of a Pod that was hit, and not seen to run then: whether they were hit too cannot be told. */
  readonly #perhaps = new Set<string>();
  /** As last seen. */
  readonly #restarts = new Map<string, number>();
  /** When it was first seen to run: one that is hit while it is started may have been tried more than once. */
  readonly #restartsAtFirst = new Map<string, number>();

  hit(pod: Pod, container: string, how: string): void {
    this.#hit.set(keyOf(pod, container), `${how}: ${shown(pod)}`);
  }

  perhapsHit(pod: Pod, container: string): void {
    this.#perhaps.add(keyOf(pod, container));
  }

  /** Takes in how the Pods are. Returns what is wrong: restarts that count down. */
  observe(pods: readonly Pod[]): string[] {
    return eachContainer(pods).flatMap(([key, { name, restartCount, state }, pod]) => {
      const before = this.#restarts.get(key) ?? 0;
      this.#restarts.set(key, restartCount);
      if (state?.running && !this.#restartsAtFirst.has(key)) this.#restartsAtFirst.set(key, restartCount);
      return restartCount < before ? [`${pod.metadata.name} ${name}: ${restartCount} restarts after ${before}`] : [];
    });
  }

  /** What was hit and still looks as before: the Pods do not show it yet. */
  unnoticed(pods: readonly Pod[]): string[] {
    return eachContainer(pods).flatMap(([key, { name, restartCount }]) => {
      const how = restartCount === 0 ? this.#hit.get(key) : undefined;
      return how === undefined ? [] : [`${name} was killed by ${how}`];
    });
  }

  /** What was restarted though nothing hit it, or was not though something did. */
  wrong(pods: readonly Pod[]): string[] {
    return eachContainer(pods).flatMap(([key, { name, restartCount }, pod]) => {
      const how = this.#hit.get(key);
      if (how === undefined && this.#perhaps.has(key)) return [];
      const restarted = restartCount > (how === undefined ? (this.#restartsAtFirst.get(key) ?? 0) : 0);
      if (restarted === (how !== undefined)) return [];
      return [`${name}: ${restartCount} restarts of ${shown(pod)}; killed: ${how ?? "none"}`];
    });
  }
}

/** A Pod in one line, for messages. */
export const shown = ({ metadata, status }: Pod): string =>
  `${metadata.name} ${metadata.deletionTimestamp ? "deleting" : ""} ${JSON.stringify(status?.containerStatuses)}`;

const keyOf = ({ metadata }: Pod, container: string): string => `${metadata.uid} ${container}`;

const eachContainer = (pods: readonly Pod[]): (readonly [string, ContainerStatus, Pod])[] =>
  pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map((status) => [keyOf(pod, status.name), status, pod] as const),
  );
