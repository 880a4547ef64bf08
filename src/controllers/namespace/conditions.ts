import type { ApiGroup } from "#client";
import { groupVersion, type Namespace, type NamespaceCondition } from "#objects";

/** What is left of one kind in a namespace that is being deleted. */
export interface Remaining {
  readonly group: string;
  readonly resource: string;
  readonly count: number;
  /** How many of them wait for each finalizer. */
  readonly finalizers: Readonly<Record<string, number>>;
}

export interface Contents {
  readonly remaining: readonly Remaining[];
  /** What went wrong while deleting, one text a kind. */
  readonly failures: readonly string[];
  /** The groups and versions (`example.com/v1`) of which the server cannot say what they have. */
  readonly unknown: readonly string[];
}

/** The versions whose own server did not answer. */
export function staleVersions(groups: readonly ApiGroup[]): string[] {
  return groups.flatMap(({ name: group, versions }) =>
    versions.filter(({ stale }) => stale).map(({ version }) => groupVersion({ group, version })),
  );
}

/** In client-go's words (ErrGroupDiscoveryFailed). */
function discoveryProblem(unknown: readonly string[]): string {
  if (unknown.length === 0) return "";
  const each = unknown.toSorted().map((version) => `${version}: stale GroupVersion discovery: ${version}`);
  return (
    `Discovery failed for some groups, ${unknown.length} failing: ` +
    `unable to retrieve the complete list of server APIs: ${each.join(", ")}`
  );
}

function condition(
  type: string,
  problem: string,
  whenTrue: string,
  whenFalse: string,
  allWell: string,
): Omit<NamespaceCondition, "lastTransitionTime"> {
  return problem === ""
    ? { type, status: "False", reason: whenFalse, message: allWell }
    : { type, status: "True", reason: whenTrue, message: problem };
}

/** The conditions of a terminating namespace (upstream namespace_conditions.go), times unchanged where nothing turned. */
export function terminatingConditions(namespace: Namespace, contents: Contents, now: string): NamespaceCondition[] {
  // Kinds of the core group too have the dot behind their name.
  const remain = contents.remaining
    .map(({ group, resource, count }) => `${resource}.${group} has ${count} resource instances`)
    .sort();
  const held = new Map<string, number>();
  for (const { finalizers } of contents.remaining) {
    for (const [name, count] of Object.entries(finalizers)) held.set(name, (held.get(name) ?? 0) + count);
  }
  const holders = [...held].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  const wanted = [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      discoveryProblem(contents.unknown),
      "DiscoveryFailed",
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      "",
      "GroupVersionParsingFailed",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    condition(
      "NamespaceDeletionContentFailure",
      contents.failures.length > 0
        ? `Failed to delete all resource types, ${contents.failures.length} remaining: ${contents.failures.toSorted().join(", ")}`
        : "",
      "ContentDeletionFailed",
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ),
    condition(
      "NamespaceContentRemaining",
      remain.length > 0 ? `Some resources are remaining: ${remain.join(", ")}` : "",
      "SomeResourcesRemain",
      "ContentRemoved",
      "All content successfully removed",
    ),
    condition(
      "NamespaceFinalizersRemaining",
      holders.length > 0 ? `Some content in the namespace has finalizers remaining: ${holders.join(", ")}` : "",
      "SomeFinalizersRemain",
      "ContentHasNoFinalizers",
      "All content-preserving finalizers finished",
    ),
  ];
  const present = namespace.status?.conditions ?? [];
  const ours = new Set(wanted.map(({ type }) => type));
  return [
    ...present.filter(({ type }) => !ours.has(type)),
    ...wanted.map((next) => {
      const before = present.find(({ type }) => type === next.type);
      return { ...next, lastTransitionTime: before?.status === next.status ? (before.lastTransitionTime ?? now) : now };
    }),
  ];
}
