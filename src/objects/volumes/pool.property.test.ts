import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../generated/types.ts";
import { compareQuantities, parseQuantity } from "../quantity/index.ts";
import { compileLabelSelector } from "../selectors/index.ts";
import { isBoundTo, nodesOfVolume, storageClassNameOf, VolumePool, type MatchOptions } from "./index.ts";

const MODES = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"] as const;
const modes = fc.subarray([...MODES], { minLength: 1 });
const capacity = fc.constantFrom("1Gi", "1024Mi", "1500M", "2Gi", "5Gi");
const className = fc.constantFrom(undefined, "", "fast");
const volumeMode = fc.constantFrom(undefined, "Filesystem", "Block");
const attributes = fc.constantFrom(undefined, "gold");
const ifSome = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

const volume: fc.Arbitrary<PersistentVolume> = fc
  .record({
    name: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    modes,
    capacity,
    className,
    volumeMode,
    attributes,
    node: fc.constantFrom(undefined, "n1", "n2"),
    disk: fc.constantFrom(undefined, "ssd", "hdd"),
    claimRef: fc.constantFrom(
      undefined,
      undefined,
      { name: "data" },
      { name: "data", uid: "u1" },
      { name: "data", uid: "u2" },
    ),
    phase: fc.constantFrom("Available", "Available", "Available", "Pending", "Bound", "Released"),
    leaving: fc.constantFrom(false, false, false, true),
  })
  .map((one) => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: one.name,
      ...(one.disk ? { labels: { disk: one.disk } } : {}),
      ...(one.leaving ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      accessModes: one.modes,
      capacity: { storage: one.capacity },
      ...ifSome("storageClassName", one.className),
      ...ifSome("volumeMode", one.volumeMode),
      ...ifSome("volumeAttributesClassName", one.attributes),
      ...(one.claimRef ? { claimRef: { namespace: "shop", ...one.claimRef } } : {}),
      ...(one.node
        ? {
            nodeAffinity: {
              required: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: "host", operator: "In", values: [one.node] }] }],
              },
            },
          }
        : {}),
    },
    status: { phase: one.phase },
  }));

const claim: fc.Arbitrary<PersistentVolumeClaim> = fc
  .record({ modes, capacity, className, volumeMode, attributes, disk: fc.constantFrom(undefined, undefined, "ssd") })
  .map((one) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace: "shop", name: "data", uid: "u1" },
    spec: {
      accessModes: one.modes,
      resources: { requests: { storage: one.capacity } },
      ...ifSome("storageClassName", one.className),
      ...ifSome("volumeMode", one.volumeMode),
      ...ifSome("volumeAttributesClassName", one.attributes),
      ...(one.disk ? { selector: { matchLabels: { disk: one.disk } } } : {}),
    },
  }));

const nodeNamed = (name: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { host: name } },
});
const options: fc.Arbitrary<MatchOptions> = fc
  .record({
    node: fc.constantFrom(undefined, "n1", "n2"),
    excluded: fc.subarray(["a", "b", "c", "d"]),
    delayed: fc.boolean(),
  })
  .map(({ node, excluded, delayed }) => ({
    ...(node === undefined ? {} : { node: nodeNamed(node) }),
    excluded: new Set(excluded),
    delayed,
  }));

const sizeOf = ({ spec }: PersistentVolume) => parseQuantity(spec?.capacity?.["storage"] ?? "0");
const byRank =
  (...ranks: ((volume: PersistentVolume) => number | string)[]) =>
  (a: PersistentVolume, b: PersistentVolume) => {
    for (const rank of ranks) if (rank(a) !== rank(b)) return rank(a) < rank(b) ? -1 : 1;
    return 0;
  };

/** The same by looking at every volume: conditions one by one, then the best by sorting. */
function slowFind(
  volumes: readonly PersistentVolume[],
  claim: PersistentVolumeClaim,
  { node, excluded, delayed }: MatchOptions,
): PersistentVolume | undefined {
  const spec = claim.spec!;
  const wanted = parseQuantity(spec.resources?.requests?.["storage"] ?? "0");
  const sameClass = (one: PersistentVolume) => (storageClassNameOf(one) ?? "") === (storageClassNameOf(claim) ?? "");
  const enoughModes = (one: PersistentVolume) =>
    (spec.accessModes ?? []).every((mode) => one.spec?.accessModes?.includes(mode));
  const onNode = (one: PersistentVolume) => !node || (nodesOfVolume(one)?.(node) ?? true);
  const fitting = volumes.filter(
    (one) =>
      !excluded?.has(one.metadata.name ?? "") &&
      one.metadata.deletionTimestamp === undefined &&
      compareQuantities(sizeOf(one), wanted) >= 0 &&
      (one.spec?.volumeMode ?? "Filesystem") === (spec.volumeMode ?? "Filesystem") &&
      one.spec?.volumeAttributesClassName === spec.volumeAttributesClassName,
  );
  const size = (one: PersistentVolume) =>
    fitting.filter((other) => compareQuantities(sizeOf(other), sizeOf(one)) < 0).length;
  const name = (one: PersistentVolume) => one.metadata.name ?? "";
  const [reserved] = fitting
    .filter((one) => isBoundTo(one, claim) && (node ? sameClass(one) : enoughModes(one)))
    .sort(byRank(size, name));
  if (reserved) return onNode(reserved) ? reserved : undefined;
  if (!node && delayed) return undefined;
  const selector = compileLabelSelector(spec.selector ?? {});
  const modeCount = (one: PersistentVolume) => (node ? 0 : (one.spec?.accessModes?.length ?? 0));
  const modeNames = (one: PersistentVolume) => (node ? "" : String([...(one.spec?.accessModes ?? [])].sort()));
  return fitting
    .filter(
      (one) =>
        !one.spec?.claimRef &&
        one.status?.phase === "Available" &&
        sameClass(one) &&
        enoughModes(one) &&
        onNode(one) &&
        selector.matches(one.metadata.labels),
    )
    .sort(byRank(modeCount, modeNames, size, name))[0];
}

describe("a pool of volumes", () => {
  test("finds what a look at every volume finds, whatever was put, replaced and removed before", () => {
    const change = fc.oneof({ arbitrary: volume, weight: 5 }, fc.constantFrom("a", "b", "c"));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 16 }), claim, options, (changes, wanted, how) => {
        const pool = new VolumePool();
        const all = new Map<string, PersistentVolume>();
        for (const one of changes) {
          if (typeof one === "string") {
            all.delete(one);
            pool.remove(one);
          } else {
            all.set(one.metadata.name ?? "", one);
            pool.put(one);
          }
        }
        assert.equal(pool.find(wanted, how)?.metadata.name, slowFind([...all.values()], wanted, how)?.metadata.name);
      }),
      { numRuns: 3000 },
    );
  });

  test("a reserved volume that the node cannot reach rules the node out", () => {
    const pool = new VolumePool();

    const of = (name: string, node: string, claimRef?: object): PersistentVolume => ({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "host", operator: "In", values: [node] }] }] },
        },
        ...(claimRef ? { claimRef } : {}),
      },
      status: { phase: "Available" },
    });
    const wanted: PersistentVolumeClaim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { namespace: "shop", name: "data", uid: "u1" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    pool.put(of("free", "n1"));
    assert.equal(pool.find(wanted, { node: nodeNamed("n1") })?.metadata.name, "free");
    pool.put(of("mine", "n2", { namespace: "shop", name: "data" }));
    assert.equal(pool.find(wanted, { node: nodeNamed("n1") }), undefined);
    assert.equal(pool.find(wanted, { node: nodeNamed("n2") })?.metadata.name, "mine");
  });
});
