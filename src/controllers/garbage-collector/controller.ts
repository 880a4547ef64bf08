import type { ApiResource } from "#client";
import {
  equalJson,
  groupResource,
  hasReason,
  parseGroupVersion,
  type KubeObject,
  type OwnerReference,
  type ResourceType,
} from "#objects";
import { allow, ANY_KIND } from "../framework/access.ts";
import {
  defineController,
  Retry,
  type ControllerContext,
  type ControllerDefinition,
  type Plan,
} from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { allOf } from "../framework/parallel.ts";
import {
  nodeOf,
  OwnershipGraph,
  referenced,
  refersTo,
  type Coordinates,
  type GraphEffects,
  type GraphNode,
} from "./graph.ts";
import { planCollect, planLetGo, planRelease, type CollectStep, type OwnerState } from "./plan.ts";

const DELETE = "delete:";
const ORPHANS = "orphan:";
/** Wakes the look at which kinds there are. */
const KINDS = "kinds";

/** Events have owners of no consequence, and there are many (upstream ignores them too). */
const isIgnored = ({ group, resource }: ResourceType) =>
  resource === "events" && (group === "" || group === "events.k8s.io");

/** What may own or be owned (upstream's GetDeletableResources). */
const isCollectable = ({ verbs }: ApiResource) => ["delete", "list", "watch"].every((verb) => verbs.includes(verb));

/** Deletes what has lost all of its owners, and sees foreground and orphaning deletions through. */
export function garbageCollector(): ControllerDefinition {
  return defineController({
    name: "garbage-collector-controller",
    // The kinds are not known beforehand: they are watched as they come.
    watches: [],
    writes: [allow(ANY_KIND, "get", "watch", "patch", "delete")],
    concurrency: 20,
    start(context) {
      const collector: Collector = { graph: new OwnershipGraph(), followed: new Map() };
      const stop = context.client.discovery.onChange(() => context.enqueue(KINDS));
      context.signal.addEventListener("abort", stop, { once: true });
      context.enqueue(KINDS);
      return async (key, syncContext) => {
        if (key === KINDS) await watchKinds(collector, syncContext);
        else if (key.startsWith(DELETE)) await attemptToDelete(collector, key.slice(DELETE.length), syncContext);
        else await attemptToOrphan(collector, key.slice(ORPHANS.length), syncContext);
      };
    },
  });
}

interface Collector {
  readonly graph: OwnershipGraph;
  /** The kinds whose objects are in the graph, by `resource.group`. */
  readonly followed: Map<string, FollowedKind>;
}

interface FollowedKind {
  readonly type: ResourceType;
  unsubscribe(): void;
}

/** Follows the metadata of every kind of which there are objects: one without any owns nothing and is not owned. */
async function watchKinds({ graph, followed }: Collector, context: ControllerContext): Promise<void> {
  const resources = await context.client.discovery.resources();
  if (context.signal.aborted) return;
  const served = new Map(resources.map((type) => [groupResource(type), type]));
  for (const [name, kind] of followed) {
    // A kind that is served in another version is followed in that one from now on.
    if (served.get(name)?.version === kind.type.version) continue;
    followed.delete(name);
    leave(kind, graph, context);
  }
  for (const [name, type] of served) {
    if (type.empty || followed.has(name) || isIgnored(type) || !isCollectable(type)) continue;
    const unsubscribe = context.caches.ofMetadata(type).subscribe(({ type: change, object }) => {
      const node = nodeOf(type, object);
      follow(change === "deleted" ? graph.remove(node.coordinates) : graph.put(node), context);
    });
    context.signal.addEventListener("abort", unsubscribe, { once: true });
    followed.set(name, {
      type,
      unsubscribe() {
        unsubscribe();
        context.signal.removeEventListener("abort", unsubscribe);
      },
    });
  }
}

/** Follows a kind no more that is gone. */
function leave({ type, unsubscribe }: FollowedKind, graph: OwnershipGraph, context: ControllerContext): void {
  unsubscribe();
  for (const { metadata } of context.caches.ofMetadata(type).list()) follow(graph.forget(metadata.uid ?? ""), context);
  context.caches.dropMetadata(type);
}

/** Does what a change of the graph asks for. */
function follow(effects: GraphEffects, { enqueue, recorder }: ControllerContext): void {
  for (const uid of effects.attemptToDelete) enqueue(DELETE + uid);
  for (const uid of effects.attemptToOrphan) enqueue(ORPHANS + uid);
  for (const { dependent, owner } of effects.invalidReferences) {
    const { namespace, ...others } = dependent;
    recorder.event(
      namespace ? dependent : others,
      "Warning",
      "OwnerRefInvalidNamespace",
      `ownerRef ${describe(owner)} does not exist in namespace "${namespace}"`,
    );
  }
}

const describe = ({ apiVersion, kind, namespace, name, uid }: Coordinates) =>
  `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;

/**
 * @throws Retry when nothing serves the kind: it may come back with its objects, and nothing is deleted on a guess.
 * That may go on for ever, so it is no warning (upstream logs it at level 5).
 */
async function typeNamed({ client }: ControllerContext, apiVersion: string, kind: string): Promise<ResourceType> {
  const type = await client.discovery.find({ ...parseGroupVersion(apiVersion), kind });
  if (!type) throw new Retry(`unable to get REST mapping for ${apiVersion}/${kind}.`);
  return type;
}

/** The object as it is now; undefined when it is gone, or another one has its name. */
async function live(
  { client }: ControllerContext,
  type: ResourceType,
  { namespace, name, uid }: Coordinates,
): Promise<KubeObject | undefined> {
  const object = await unlessGone(client.get(type, { namespace: type.namespaced ? namespace : "", name }));
  return object?.metadata.uid === uid ? object : undefined;
}

async function attemptToDelete(collector: Collector, uid: string, context: ControllerContext): Promise<void> {
  const { graph } = collector;
  const node = graph.get(uid);
  if (!node || (node.beingDeleted && !node.deletingDependents)) return;
  const { coordinates } = node;
  const type = await typeNamed(context, coordinates.apiVersion, coordinates.kind);
  // A cluster-scoped object names it as an owner; where it is cannot be known.
  if (type.namespaced && coordinates.namespace === "") return;
  const object = await live(context, type, coordinates);
  if (!object) {
    follow(graph.missing(coordinates), context);
    if (graph.get(uid)?.observed === false) throw new Retry("its dependents disagree about it");
    return;
  }
  const owners: OwnerState[] = [];
  if (!node.deletingDependents) {
    for (const reference of object.metadata.ownerReferences ?? []) {
      owners.push(await ownerState(collector, reference, coordinates.namespace, context));
    }
  }
  const plan = planCollect({ object, node, dependents: graph.dependents(uid), owners });
  if (plan.steps.length > 0) context.log.debug("collecting", { object: describe(coordinates), because: plan.because });
  await carryOutAll(plan, { type, coordinates, object }, context);
  if (!node.observed) throw new Retry("no watch has shown it yet");
}

/** Asks the graph first: an owner that a watch has shown needs no question to the API. */
async function ownerState(
  collector: Collector,
  reference: OwnerReference,
  namespace: string,
  context: ControllerContext,
): Promise<OwnerState> {
  const { graph } = collector;
  const owner = referenced(reference, namespace);
  if (graph.isAbsent({ ...owner, namespace: "" }) || graph.isAbsent(owner)) return "absent";
  const type = await typeNamed(context, reference.apiVersion, reference.kind);
  if (type.namespaced && namespace === "") return "invalid";
  const known = graph.get(reference.uid);
  if (known?.observed && refersTo(reference, namespace, known.coordinates)) {
    return known.deletingDependents ? "waiting" : "solid";
  }
  const coordinates = type.namespaced ? owner : { ...owner, namespace: "" };
  const object = await live(context, type, coordinates);
  if (!object) {
    graph.noteAbsent(coordinates);
    return "absent";
  }
  return nodeOf(type, object).deletingDependents ? "waiting" : "solid";
}

interface Subject {
  readonly type: ResourceType;
  readonly coordinates: Coordinates;
  readonly object: KubeObject;
}

async function carryOutAll({ steps }: Plan<CollectStep>, subject: Subject, context: ControllerContext): Promise<void> {
  let { object } = subject;
  for (const step of steps) object = await carryOut(step, { ...subject, object }, context);
}

/** Resolves to the object after the step. */
async function carryOut(step: CollectStep, subject: Subject, context: ControllerContext): Promise<KubeObject> {
  const { object } = subject;
  const { ownerReferences = [], finalizers = [] } = object.metadata;
  switch (step.type) {
    case "attempt":
      for (const dependent of step.uids) context.enqueue(DELETE + dependent);
      return object;
    case "drop-owners":
      return patchMetadata(context, subject, {
        ownerReferences: ownerReferences.filter(({ uid }) => !step.uids.includes(uid)),
      });
    case "unblock-owners":
      return patchMetadata(context, subject, {
        ownerReferences: ownerReferences.map((reference) =>
          reference.blockOwnerDeletion ? { ...reference, blockOwnerDeletion: false } : reference,
        ),
      });
    case "remove-finalizer":
      return patchMetadata(context, subject, { finalizers: finalizers.filter((name) => name !== step.finalizer) });
    case "delete":
      await deleteObject(step.policy, subject, context);
      return object;
  }
}

/** Deletes the object unless its owners have changed since it was read. */
async function deleteObject(
  propagationPolicy: "Background" | "Foreground" | "Orphan",
  { type, coordinates, object }: Subject,
  context: ControllerContext,
): Promise<void> {
  const { client } = context;
  const { uid } = coordinates;
  const deletion = ({ metadata: { resourceVersion = "" } }: KubeObject) =>
    unlessGone(client.delete(type, coordinates, { propagationPolicy, preconditions: { uid, resourceVersion } }));
  try {
    await deletion(object);
  } catch (error) {
    if (!hasReason(error, "Conflict")) throw error;
    const now = await live(context, type, coordinates);
    if (!now) return;
    // Something else of it has changed: that is no reason to keep it.
    if (!equalJson(now.metadata.ownerReferences, object.metadata.ownerReferences)) throw error;
    await deletion(now);
  }
}

/** Releases all dependents of an object that is to leave them behind, then lets it go. */
async function attemptToOrphan(collector: Collector, uid: string, context: ControllerContext): Promise<void> {
  const { graph } = collector;
  const node = graph.get(uid);
  if (!node?.orphaning) return;
  const subjectOf = async ({ coordinates }: GraphNode): Promise<Subject | undefined> => {
    const type = await typeNamed(context, coordinates.apiVersion, coordinates.kind);
    const object = await live(context, type, coordinates);
    return object && { type, coordinates, object };
  };
  const failure = await allOf(graph.dependents(uid), async (dependent) => {
    const subject = await subjectOf(dependent);
    if (subject) await carryOutAll(planRelease(subject.object, uid), subject, context);
  });
  if (failure) throw failure.error;
  const subject = await subjectOf(node);
  if (subject) await carryOutAll(planLetGo(subject.object), subject, context);
}

/** A merge patch that holds only for this very state of the object. Resolves to the object after it. */
async function patchMetadata(
  { client }: ControllerContext,
  { type, coordinates, object }: Subject,
  change: { readonly ownerReferences?: readonly OwnerReference[]; readonly finalizers?: readonly string[] },
): Promise<KubeObject> {
  const { resourceVersion } = object.metadata;
  const body = { metadata: { uid: coordinates.uid, resourceVersion, ...change } };
  const { namespace, name } = coordinates;
  return (await unlessGone(client.patch(type, { namespace, name }, { type: "merge", body }))) ?? object;
}
