import { sleep, type Clock, type Log, type Random, type Scope } from "#base";
import { createCaches, type Cache, type Client, type Selection } from "#client";
import { groupResource, type KubeObject, type ResourceType } from "#objects";

export interface WatchedOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops every watch. */
  readonly scope: Scope;
}

/** One object that a pod refers to, as the API has it. */
export interface Watched<T extends KubeObject> {
  /** Undefined: there is none. Rejects when the API has not told within a moment. */
  read(): Promise<T | undefined>;
  release(): void;
}

/** All objects of a kind. */
export interface WatchedAll<T extends KubeObject> {
  /** Rejects when the API has not told within a moment. */
  list(): Promise<readonly T[]>;
  release(): void;
}

interface Entry {
  readonly cache: Cache;
  readonly scope: Scope;
  users: number;
}

/** How long a first answer of the API is waited for. */
const FIRST_ANSWER_MS = 5_000;

/**
 * A watch for each object that is asked for, shared and kept while any pod needs it (upstream's watch based managers):
 * a node sees only what its own pods refer to.
 */
export class WatchedObjects {
  readonly #options: WatchedOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: WatchedOptions) {
    this.#options = options;
  }

  /** How many objects are watched. */
  get size(): number {
    return this.#entries.size;
  }

  /** One object. */
  acquire<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    onChange: () => void,
  ): Watched<T> {
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    const { cache, release } = this.#hold(type, selection, onChange);
    return {
      read: async () => (await this.#synced(cache)).get(namespace ? `${namespace}/${name}` : name),
      release,
    };
  }

  /** Every object of a kind of which there are few. */
  acquireAll<T extends KubeObject>(type: ResourceType<T>, onChange: () => void): WatchedAll<T> {
    const { cache, release } = this.#hold(type, {}, onChange);
    return { list: async () => [...(await this.#synced(cache)).list()], release };
  }

  #hold<T extends KubeObject>(type: ResourceType<T>, selection: Selection, onChange: () => void) {
    const id = `${groupResource(type)}/${selection.namespace ?? ""}/${selection.fieldSelector ?? ""}`;
    const entry = this.#entries.get(id) ?? this.#start(id, type, selection);
    entry.users++;
    // The id names the resource, and with it the type of its objects.
    const cache = entry.cache as Cache<T>;
    const unsubscribe = cache.subscribe(onChange, { replay: false });
    let released = false;
    return {
      cache,
      release: () => {
        if (released) return;
        released = true;
        unsubscribe();
        if (--entry.users === 0) this.#stop(id, entry);
      },
    };
  }

  #start(id: string, type: ResourceType, selection: Selection): Entry {
    const { scope: parent, ...options } = this.#options;
    const scope = parent.child(id);
    const cache = createCaches({ ...options, scope }).of(type, selection);
    const entry: Entry = { cache, scope, users: 0 };
    this.#entries.set(id, entry);
    return entry;
  }

  #stop(id: string, { scope }: Entry): void {
    this.#entries.delete(id);
    scope.close().catch((error: unknown) => this.#options.log.error("a watch did not stop", { watch: id, error }));
  }

  async #synced<T extends KubeObject>(cache: Cache<T>): Promise<Cache<T>> {
    if (!cache.synced) await this.#firstAnswer(cache);
    return cache;
  }

  async #firstAnswer(cache: Cache): Promise<void> {
    const answered = new AbortController();
    const tooLong = sleep(this.#options.clock, FIRST_ANSWER_MS, answered.signal).then(() => {
      throw new Error(`failed to sync ${cache.type.kind.toLowerCase()} cache: timed out waiting for the condition`);
    });
    try {
      await Promise.race([cache.whenSynced(), tooLong]);
    } finally {
      // No caller waits for it any more.
      tooLong.catch(() => {});
      answered.abort();
    }
  }
}
