import type { ApiResource } from "#client";
import { equalJson, formatTime, groupResource, type Namespace, type NamespaceCondition } from "#objects";
import type { Plan } from "../framework/definition.ts";
import { terminatingConditions, type Remaining } from "./conditions.ts";

/** The finalizer of this controller, in the namespace's spec. */
export const OURS = "kubernetes";

/** How long until a namespace whose content waits for something is looked at again, at most. */
const RECHECK_MS = 5_000;
/** A first look soon: most content goes at once, and its deletion does not wake this controller. */
const FIRST_RECHECK_MS = 100;

/** What became of the objects of one kind when they were deleted. */
export interface Emptied {
  readonly count: number;
  /** How many of those that are left wait for each finalizer. */
  readonly finalizers: Readonly<Record<string, number>>;
  /** The longest time that pods were given to end, in seconds; 0 for other kinds. */
  readonly graceSeconds: number;
  /** Why they could not be deleted, or counted. */
  readonly failure?: string;
}

export interface DeletionView {
  readonly namespace: Namespace;
  /** What is deleted with the namespace. */
  readonly kinds: readonly ApiResource[];
  /** The groups and versions (`example.com/v1`) of which the server cannot say what they have. */
  readonly unknown: readonly string[];
  /** How long it takes, in milliseconds, until every API server knows that the namespace is being deleted. */
  readonly settleMs: number;
  /** The kinds that were emptied since this look began, by `groupResource`. */
  readonly emptied: ReadonlyMap<string, Emptied>;
}

export type DeletionStep =
  /** Delete all objects of these kinds, and look again. */
  | { readonly type: "empty"; readonly kinds: readonly ApiResource[] }
  | { readonly type: "set-conditions"; readonly conditions: readonly NamespaceCondition[] }
  /** Leave these finalizers in the namespace's spec: the last look at it, if there are none. */
  | { readonly type: "finalize"; readonly finalizers: readonly string[] };

const nothing = (because: string): Plan<DeletionStep> => ({ steps: [], because });

/**
 * What comes next in the deletion of a namespace (upstream namespaced_resources_deleter): its pods go, then everything
 * else, then its conditions say what is left; when that is nothing, the namespace goes.
 */
export function planDeletion(view: DeletionView, now: number): Plan<DeletionStep> {
  const { namespace, unknown } = view;
  const { deletionTimestamp } = namespace.metadata;
  const { finalizers = [] } = namespace.spec ?? {};
  if (deletionTimestamp === undefined) return nothing("it is not being deleted");
  if (finalizers.length === 0) return nothing("it is finalized");
  const settled = Date.parse(deletionTimestamp) + view.settleMs;
  if (now < settled) return { ...nothing("an API server may still let objects into it"), requeueAt: settled };
  const next = nextKinds(view);
  if (next.length > 0) return { steps: [{ type: "empty", kinds: next }], because: `${next.length} kinds are next` };

  const sinceMs = now - Date.parse(deletionTimestamp);
  const { remaining, failures } = resultOf(view, sinceMs);
  const conditions = terminatingConditions(namespace, { remaining, failures, unknown }, formatTime(now));
  const steps: DeletionStep[] = [];
  if (!equalJson(conditions, namespace.status?.conditions)) steps.push({ type: "set-conditions", conditions });
  if (remaining.length === 0 && failures.length === 0 && unknown.length === 0) {
    if (!finalizers.includes(OURS)) return { steps, because: "others have finalizers in it" };
    steps.push({ type: "finalize", finalizers: finalizers.filter((name) => name !== OURS) });
    return { steps, because: "it is empty" };
  }
  const because = `${remaining.length} kinds remain, ${failures.length} failed, ${unknown.length} are not known`;
  return { steps, because, requeueAt: now + Math.min(RECHECK_MS, Math.max(FIRST_RECHECK_MS, sinceMs / 4)) };
}

const isPods = ({ group, resource }: ApiResource) => group === "" && resource === "pods";

/** Pods go before everything else: what they use must outlive them. */
function nextKinds({ kinds, emptied }: DeletionView): readonly ApiResource[] {
  const waiting = kinds.filter((kind) => !emptied.has(groupResource(kind)));
  const pods = waiting.filter(isPods);
  if (pods.length > 0) return pods;
  const podsRemain = kinds.some((kind) => isPods(kind) && (emptied.get(groupResource(kind))?.count ?? 0) > 0);
  return podsRemain ? [] : waiting;
}

/** What is left, and what went wrong. Objects without finalizers are to be gone once pods have had their time to end. */
function resultOf({ namespace, kinds, emptied }: DeletionView, sinceMs: number) {
  const remaining: Remaining[] = [];
  const failures: string[] = [];
  for (const { group, version, resource } of kinds) {
    const found = emptied.get(groupResource({ group, resource }));
    if (!found) continue;
    const { count, finalizers, graceSeconds, failure } = found;
    if (count > 0) remaining.push({ group, resource, count, finalizers });
    if (failure !== undefined) failures.push(failure);
    else if (count > 0 && Object.keys(finalizers).length === 0 && sinceMs >= graceSeconds * 1000) {
      const gvr = `${group}/${version}, Resource=${resource}`;
      failures.push(`unexpected items still remain in namespace: ${namespace.metadata.name} for gvr: ${gvr}`);
    }
  }
  return { remaining, failures };
}
