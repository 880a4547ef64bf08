import type { Cache, Client, SharedCaches } from "#client";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type ResourceType,
} from "#objects";

/** Claims and volumes, of the process's caches, which the scheduler needs anyway. */
export class ClaimObjects {
  readonly claims: BoundObjects<PersistentVolumeClaim>;
  readonly volumes: BoundObjects<PersistentVolume>;

  constructor(client: Client, caches: SharedCaches | undefined) {
    this.claims = new BoundObjects(PERSISTENT_VOLUME_CLAIMS, client, caches, ({ status }) => status?.phase === "Bound");
    this.volumes = new BoundObjects(
      PERSISTENT_VOLUMES,
      client,
      caches,
      ({ spec }) => spec?.claimRef?.uid !== undefined,
    );
  }
}

/** Objects of a kind that is cached, and asked for anew as long as they are not bound: a cache lags behind. */
export class BoundObjects<T extends KubeObject> {
  readonly #type: ResourceType<T>;
  readonly #client: Client;
  readonly #cache: Cache<T> | undefined;
  readonly #isBound: (object: T) => boolean;
  readonly #followers = new Map<string, Set<() => void>>();
  #subscribed = false;

  constructor(
    type: ResourceType<T>,
    client: Client,
    caches: SharedCaches | undefined,
    isBound: (object: T) => boolean,
  ) {
    this.#type = type;
    this.#client = client;
    this.#cache = caches?.of(type);
    this.#isBound = isBound;
  }

  /** Rejects with an Error when there is none. */
  async read(namespace: string, name: string): Promise<T> {
    const cached = this.#cache?.get(keyOf(namespace, name));
    return cached && this.#isBound(cached) ? cached : this.#client.get(this.#type, { namespace, name });
  }

  /** Calls with every change of the object from now on, or of what comes by its name. Returns how to stop. */
  follow(namespace: string, name: string, listener: () => void): () => void {
    this.#subscribe();
    const key = keyOf(namespace, name);
    const followers = this.#followers.get(key) ?? new Set();
    this.#followers.set(key, followers.add(listener));
    return () => {
      followers.delete(listener);
      if (followers.size === 0 && this.#followers.get(key) === followers) this.#followers.delete(key);
    };
  }

  #subscribe(): void {
    if (this.#subscribed) return;
    this.#subscribed = true;
    this.#cache?.subscribe(
      ({ object: { metadata } }) => {
        const { namespace = "", name = "" } = metadata;
        for (const listener of this.#followers.get(keyOf(namespace, name)) ?? []) listener();
      },
      { replay: false },
    );
  }
}

const keyOf = (namespace: string, name: string) => (namespace ? `${namespace}/${name}` : name);
