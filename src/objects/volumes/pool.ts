import type { Node, ObjectReference, PersistentVolume, PersistentVolumeClaim } from "../generated/types.ts";
import { keyOf } from "../object.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity/index.ts";
import { compileLabelSelector } from "../selectors/index.ts";
import { isBoundTo, nodesOfVolume, storageClassNameOf } from "./volumes.ts";

export interface MatchOptions {
  /** The scheduler's question: a volume that this node can reach. Absent: the binder's, which asks for no node. */
  readonly node?: Node;
  /** Names of volumes that other claims are about to get. */
  readonly excluded?: { has(name: string): boolean };
  /** The claim waits for its first consumer: without a node only a volume that is reserved for it will do. */
  readonly delayed?: boolean;
}

interface Entry {
  readonly volume: PersistentVolume;
  readonly name: string;
  readonly size: Quantity;
  /** Whether a node can reach it; compiled when it is first asked for. */
  reaches?: ((node: Node) => boolean) | "all";
}

/** Free volumes that differ in size, labels and nodes alone; the smallest first, of equal ones the first by name. */
interface Bucket {
  readonly modes: readonly string[];
  readonly entries: Entry[];
}

const claimKeyOf = ({ namespace = "", name = "" }: ObjectReference): string => keyOf({ namespace, name });

const ZERO = parseQuantity("0");
const sizeOf = (text: string | undefined): Quantity => (text === undefined ? ZERO : parseQuantity(text));

const precedes = (a: Entry, b: Entry): boolean => {
  const order = compareQuantities(a.size, b.size);
  return order < 0 || (order === 0 && a.name < b.name);
};

/** What must be equal in a claim and in a volume that nothing reserves: class, mode and attributes, as one text. */
export const matchingKey = (object: PersistentVolume | PersistentVolumeClaim): string =>
  JSON.stringify([storageClassNameOf(object) ?? "", modeOf(object), attributesOf(object)]);
const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeMode ?? "Filesystem";
const attributesOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string =>
  spec?.volumeAttributesClassName ?? "";

const hasModes = (modes: readonly string[], wanted: readonly string[]): boolean =>
  wanted.every((mode) => modes.includes(mode));

/**
 * The volumes that claims may be bound to, filed so that a search costs nothing for volumes of other classes, access
 * modes and sizes. The binder and the scheduler ask the same question of it (upstream FindMatchingVolume).
 */
export class VolumePool {
  /** Those that nothing reserves, by {@link matchingKey} and access modes. */
  readonly #free = new Map<string, Map<string, Bucket>>();
  /** Those with a claimRef, by the claim's key. */
  readonly #reserved = new Map<string, Map<string, Entry>>();
  readonly #volumes = new Map<string, PersistentVolume>();

  /** Adds a volume, or replaces the one of its name. */
  put(volume: PersistentVolume): void {
    const { name = "", deletionTimestamp } = volume.metadata;
    this.remove(name);
    this.#volumes.set(name, volume);
    if (deletionTimestamp !== undefined) return;
    const { spec, status } = volume;
    const entry: Entry = { volume, name, size: sizeOf(spec?.capacity?.["storage"]) };
    if (spec?.claimRef) {
      const claim = claimKeyOf(spec.claimRef);
      const reserved = this.#reserved.get(claim) ?? new Map<string, Entry>();
      this.#reserved.set(claim, reserved.set(name, entry));
    } else if (status?.phase === "Available") {
      const { entries } = this.#bucketOf(volume);
      entries.splice(
        firstIndex(entries, (other) => precedes(entry, other)),
        0,
        entry,
      );
    }
  }

  /** Takes a volume away, if it is there. */
  remove(name: string): void {
    const volume = this.#volumes.get(name);
    if (!volume) return;
    this.#volumes.delete(name);
    if (volume.spec?.claimRef) {
      const claim = claimKeyOf(volume.spec.claimRef);
      const reserved = this.#reserved.get(claim);
      reserved?.delete(name);
      if (reserved?.size === 0) this.#reserved.delete(claim);
      return;
    }
    if (volume.metadata.deletionTimestamp !== undefined || volume.status?.phase !== "Available") return;
    const { entries } = this.#bucketOf(volume);
    const entry = { volume, name, size: sizeOf(volume.spec?.capacity?.["storage"]) };
    entries.splice(
      firstIndex(entries, (other) => !precedes(other, entry)),
      1,
    );
    if (entries.length === 0) this.#dropBucket(volume);
  }

  /**
   * The volume that the claim gets: one that is reserved for it, else the smallest that fits; without a node those with
   * the fewest access modes beyond what is asked for come first.
   */
  find(
    claim: PersistentVolumeClaim,
    { node, excluded, delayed = false }: MatchOptions = {},
  ): PersistentVolume | undefined {
    const wanted = sizeOf(claim.spec?.resources?.requests?.["storage"]);
    const reserved = this.#findReserved(claim, wanted, node, excluded);
    if (reserved) return !node || reaches(reserved, node) ? reserved.volume : undefined;
    if (!node && delayed) return undefined;
    const selector = claim.spec?.selector && compileLabelSelector(claim.spec.selector);
    const fits = (entry: Entry) =>
      !excluded?.has(entry.name) &&
      (!selector || selector.matches(entry.volume.metadata.labels)) &&
      (!node || reaches(entry, node));
    let smallest: Entry | undefined;
    for (const { entries } of this.#bucketsFor(claim)) {
      const found = firstFrom(entries, wanted, fits);
      if (!found) continue;
      if (!node) return found.volume;
      if (!smallest || precedes(found, smallest)) smallest = found;
    }
    return smallest?.volume;
  }

  #findReserved(
    claim: PersistentVolumeClaim,
    wanted: Quantity,
    node: Node | undefined,
    excluded: MatchOptions["excluded"],
  ): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#reserved.get(keyOf(claim))?.values() ?? []) {
      const { volume, name, size } = entry;
      if (excluded?.has(name) || !isBoundTo(volume, claim) || compareQuantities(size, wanted) < 0) continue;
      if (modeOf(volume) !== modeOf(claim) || attributesOf(volume) !== attributesOf(claim)) continue;
      // The scheduler looks among the volumes of the class; the binder among those with the access modes.
      const isSeen = node
        ? (storageClassNameOf(volume) ?? "") === (storageClassNameOf(claim) ?? "")
        : hasModes(volume.spec?.accessModes ?? [], claim.spec?.accessModes ?? []);
      if (isSeen && (!first || precedes(entry, first))) first = entry;
    }
    return first;
  }

  /** The buckets that have the claim's access modes, those with the fewest others first. */
  #bucketsFor(claim: PersistentVolumeClaim): readonly Bucket[] {
    const wanted = claim.spec?.accessModes ?? [];
    return [...(this.#free.get(matchingKey(claim))?.values() ?? [])]
      .filter(({ modes }) => hasModes(modes, wanted))
      .sort((a, b) => a.modes.length - b.modes.length || (String(a.modes) < String(b.modes) ? -1 : 1));
  }

  #bucketOf(volume: PersistentVolume): Bucket {
    const kind = matchingKey(volume);
    const modes = modesOf(volume);
    const buckets = this.#free.get(kind) ?? new Map<string, Bucket>();
    const bucket = buckets.get(String(modes)) ?? { modes, entries: [] };
    this.#free.set(kind, buckets.set(String(modes), bucket));
    return bucket;
  }

  #dropBucket(volume: PersistentVolume): void {
    const kind = matchingKey(volume);
    const buckets = this.#free.get(kind);
    buckets?.delete(String(modesOf(volume)));
    if (buckets?.size === 0) this.#free.delete(kind);
  }
}

const modesOf = ({ spec }: PersistentVolume): readonly string[] => [...new Set(spec?.accessModes)].sort();

function reaches(entry: Entry, node: Node): boolean {
  entry.reaches ??= nodesOfVolume(entry.volume) ?? "all";
  return entry.reaches === "all" || entry.reaches(node);
}

/** The first that is large enough and fits. */
function firstFrom(entries: readonly Entry[], wanted: Quantity, fits: (entry: Entry) => boolean): Entry | undefined {
  const start = firstIndex(entries, ({ size }) => compareQuantities(size, wanted) >= 0);
  for (let at = start; at < entries.length; at++) if (fits(entries[at]!)) return entries[at];
  return undefined;
}

/** Where a condition begins to hold that holds for all that follow: by halving. */
function firstIndex(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(entries[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
