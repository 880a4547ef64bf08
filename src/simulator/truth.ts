import type { KubeObject } from "#objects";
import type { Store, StoreEvent } from "#store";

/** One committed change, with the object before and after it. */
export interface TruthChange {
  readonly revision: number;
  /** `/registry/pods/default/web-1` */
  readonly key: string;
  /** `Pod` */
  readonly kind: string;
  /** Absent: it was created. */
  readonly before: KubeObject | undefined;
  /** Absent: it was deleted. */
  readonly after: KubeObject | undefined;
}

/** The cluster as the store has it, change by change: what the invariants are checked on. */
export class Truth {
  readonly #kinds = new Map<string, Map<string, KubeObject>>();
  readonly #kindOf = new Map<string, string>();
  /** The values of every key by revision, for as long as the run lasts. */
  readonly log: TruthChange[] = [];

  /** Takes in a store event. */
  apply(event: StoreEvent): TruthChange {
    const after = event.entry ? parse(event.entry.value, event.revision) : undefined;
    const kind = after?.kind ?? this.#kindOf.get(event.key) ?? "";
    this.#kindOf.set(event.key, kind);
    let objects = this.#kinds.get(kind);
    if (!objects) this.#kinds.set(kind, (objects = new Map()));
    const before = objects.get(event.key);
    if (after) objects.set(event.key, after);
    else objects.delete(event.key);
    const change: TruthChange = { revision: event.revision, key: event.key, kind, before, after };
    this.log.push(change);
    return change;
  }

  /** Every object of a kind. */
  of<T extends KubeObject>(kind: string): readonly T[] {
    return [...(this.#kinds.get(kind)?.values() ?? [])] as T[];
  }

  /** Every object, by its key. */
  *all(): Generator<readonly [key: string, object: KubeObject]> {
    for (const objects of this.#kinds.values()) yield* objects;
  }
}

/** Follows a store from its beginning; `onChange` is called with every change, in order. */
export async function followTruth(store: Store, onChange: (change: TruthChange) => void): Promise<Truth> {
  const truth = new Truth();
  await store.watch({ from: 1, prefix: "/registry/" }, ({ events }) => {
    for (const event of events) onChange(truth.apply(event));
  });
  return truth;
}

const decoder = new TextDecoder();

function parse(value: Uint8Array, revision: number): KubeObject {
  const object = JSON.parse(decoder.decode(value)) as KubeObject;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
