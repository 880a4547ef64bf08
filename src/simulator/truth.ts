import type { KubeObject } from "#objects";
import { prefixEnd, type Store, type StoreEvent } from "#store";

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

  /** The revision of the newest change, 1 before the first. */
  get revision(): number {
    return this.log.at(-1)?.revision ?? 1;
  }

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

  /** Every object as it was at a revision, by its key. */
  at(revision: number): Map<string, KubeObject> {
    const objects = new Map<string, KubeObject>();
    for (const change of this.log) {
      if (change.revision > revision) break;
      if (change.after) objects.set(change.key, change.after);
      else objects.delete(change.key);
    }
    return objects;
  }

  /** Every object, by its key. */
  *all(): Generator<readonly [key: string, object: KubeObject]> {
    for (const objects of this.#kinds.values()) yield* objects;
  }
}

/** Follows a store from where the truth has come to; `onChange` is called with every change, in order. */
export async function followTruth(
  truth: Truth,
  store: Store,
  onChange: (change: TruthChange) => void = () => {},
): Promise<void> {
  await store.watch({ from: truth.revision, prefix: "/registry/" }, ({ events }) => {
    for (const event of events) onChange(truth.apply(event));
  });
}

/** What is wrong with a store that was opened again: it must hold just what was committed, now and at a revision. */
export async function lostIn(store: Store, truth: Truth, past: number): Promise<string | undefined> {
  if (store.revision < truth.revision) {
    return `the store was opened again at revision ${store.revision}, ${truth.revision} was acknowledged`;
  }
  for (const at of [past, truth.revision]) {
    const found = await store.range({ start: "/registry/", end: prefixEnd("/registry/"), at });
    if (!found.ok) return `the store has no revision ${at} any more: ${found.reason}`;
    const entries = new Map(found.value.entries.map((entry) => [entry.key, entry]));
    const objects = truth.at(at);
    const wrong = [...new Set([...entries.keys(), ...objects.keys()])].find((key) => {
      const [entry, object] = [entries.get(key), objects.get(key)];
      if (!entry || !object) return true;
      return JSON.stringify(parse(entry.value, entry.modRevision)) !== JSON.stringify(object);
    });
    if (wrong !== undefined) return `${wrong} is not what it was at revision ${at} after the store was opened again`;
  }
  return undefined;
}

const decoder = new TextDecoder();

function parse(value: Uint8Array, revision: number): KubeObject {
  const object = JSON.parse(decoder.decode(value)) as KubeObject;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
