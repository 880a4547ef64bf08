import type { Change, SharedCaches } from "#client";
import { DAEMON_SETS, keyOf, PODS, type ControllerRevision, type DaemonSet, type Node } from "#objects";
import { controllerOf, owner, type KeysOf } from "../framework/index.ts";
import { placementOf } from "./placement.ts";

/** Pods by the node that they are bound to. */
export const PODS_BY_NODE = "node";

/**
 * Wakes the sets to which the change of a node matters: those that should have a pod there and should not before, or the
 * other way round. Heartbeats and other changes of its status matter to none.
 */
export const concerned: KeysOf<Node> = (change, caches) => {
  const { object, previous } = change;
  if (previous && hasSamePlace(object, previous)) return undefined;
  const keys: string[] = [];
  for (const set of caches.of(DAEMON_SETS).list()) if (concerns(set, change, caches)) keys.push(keyOf(set));
  return keys;
};

/** What placement depends on, shared by the old and the new object where it is the same. */
const hasSamePlace = (a: Node, b: Node) => a.metadata.labels === b.metadata.labels && a.spec?.taints === b.spec?.taints;

function concerns(
  { spec, metadata }: DaemonSet,
  { type, object, previous }: Change<Node>,
  caches: SharedCaches,
): boolean {
  if (!spec) return false;
  const placement = placementOf(spec.template);
  const now = placement(object);
  if (previous) {
    const before = placement(previous);
    return now.shouldRun !== before.shouldRun || now.mayStay !== before.mayStay;
  }
  if (now.mayStay) return true;
  // Of an earlier node of the name: they have to go.
  const pods = type === "added" ? caches.of(PODS).index(PODS_BY_NODE, object.metadata.name ?? "") : [];
  return pods.some((pod) => controllerOf(pod)?.uid === metadata.uid);
}

const ofOwner = owner<ControllerRevision>(DAEMON_SETS);

/**
 * Wakes the set of a revision that changes or goes. A new one with an owner wakes none, as upstream: a set knows those that
 * it has made, and one that a client makes is looked at when something else happens.
 */
export const ofRevision: KeysOf<ControllerRevision> = (change, caches) =>
  change.type === "added" ? undefined : ofOwner(change, caches);
