import {
  deepFreeze,
  groupResource,
  keyOf,
  noSuchPath,
  notFoundError,
  schemaForKind,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from "#objects";
import { NotInTestDouble } from "./not-in-test-double.ts";

/** One change, as watches tell it. */
export interface Logged {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

interface Kind {
  readonly version: string;
  readonly objects: Map<string, KubeObject>;
  readonly log: Logged[];
}

const OTHER_GROUP: Readonly<Record<string, string>> = {
  events: "events.events.k8s.io",
  "events.events.k8s.io": "events",
};

/** The objects behind a test double: a map and a log for each kind, one revision counter. */
export class FakeStore {
  readonly #kinds = new Map<string, Kind>();
  readonly #wakers = new Set<() => void>();
  revision = 1;

  /** The kind's objects by key. Throws 404 for what is no built-in kind. */
  objects(type: ResourceType): ReadonlyMap<string, KubeObject> {
    return this.#kind(type).objects;
  }

  log(type: ResourceType): readonly Logged[] {
    return this.#kind(type).log;
  }

  current(type: ResourceType, key: ObjectKey): KubeObject {
    const object = this.#kind(type).objects.get(keyOf(key));
    if (!object) throw notFoundError(type, key.name);
    return object;
  }

  commit(type: ResourceType, change: Logged["type"], draft: AnyDraft): KubeObject {
    const { objects, log } = this.#kind(type);
    this.revision++;
    draft.metadata.resourceVersion = String(this.revision);
    const object = deepFreeze(draft as KubeObject);
    const key = keyOf(object);
    const previous = objects.get(key);
    if (change === "DELETED") objects.delete(key);
    else objects.set(key, object);
    log.push({ revision: this.revision, type: change, object, previous });
    this.wakeAll();
    return object;
  }

  /** Calls `wake` after every change. Returns how to stop. */
  onChange(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  wakeAll(): void {
    for (const wake of this.#wakers) wake();
  }

  #kind(type: ResourceType): Kind {
    const name = groupResource(type);
    let kind = this.#kinds.get(name);
    if (!kind) {
      // In a cluster both groups show the same objects.
      const other = OTHER_GROUP[name];
      if (other && this.#kinds.has(other)) throw new NotInTestDouble("second group for Events");
      if (!schemaForKind(type.group, type.version, type.kind)) throw noSuchPath();
      kind = { version: type.version, objects: new Map(), log: [] };
      this.#kinds.set(name, kind);
    }
    if (kind.version !== type.version) throw new NotInTestDouble(`conversion between versions of ${name}`);
    return kind;
  }
}
