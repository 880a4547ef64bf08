import type { ControllerRevision, DaemonSet, Node, Pod } from "#objects";
import { CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS } from "#objects";
import {
  adopter,
  allOf,
  allow,
  anyOf,
  candidates,
  claim,
  createPod,
  defineController,
  deletePod,
  itself,
  matcherOf,
  owner,
  settleClaim,
  slowStart,
  watch,
  type ControllerDefinition,
  type Failure,
  type SyncContext,
  type SyncResult,
} from "../framework/index.ts";
import { applyRevisionStep, claimRevisions, deleteRevisions } from "../revision-history/effects.ts";
import { presentRevision } from "../revision-history/revisions.ts";
import { failuresOf, nextBackoff, type Failures } from "./back-off.ts";
import type { DaemonSetStep } from "./changes.ts";
import { hashOf, planCleanup, planMerge, type HistoryStep } from "./history.ts";
import { planDaemonSet } from "./plan.ts";
import { daemonPod, REVISION_HASH } from "./pod.ts";
import { planStatus } from "./status.ts";
import type { DaemonSetView } from "./view.ts";
import { concerned, ofRevision, PODS_BY_NODE } from "./watches.ts";

const selectorOf = ({ spec }: DaemonSet) => matcherOf(spec?.selector);

/** A sync looks at every node; from this many on, changes are given time to gather. */
const MANY_NODES = 50;
const REST_MS = 20;

/** Keeps one pod of every DaemonSet on each node that it is meant for. */
export const daemonSetController: ControllerDefinition = defineController({
  name: "daemonset-controller",
  // Upstream's.
  concurrency: 2,
  watches: [
    watch(DAEMON_SETS, itself),
    watch<Node>(NODES, concerned),
    watch<Pod>(PODS, anyOf<Pod>(owner(DAEMON_SETS), adopter(DAEMON_SETS, selectorOf))),
    watch<ControllerRevision>(
      CONTROLLER_REVISIONS,
      anyOf<ControllerRevision>(ofRevision, adopter(DAEMON_SETS, selectorOf)),
    ),
  ],
  writes: [
    allow(DAEMON_SETS, "update/status"),
    allow(PODS, "create", "patch", "delete"),
    allow(CONTROLLER_REVISIONS, "create", "update", "patch", "delete"),
  ],
  start({ caches }) {
    caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
    /** By set. */
    const failures = new Map<string, Failures>();
    return (key, context) => sync(key, context, failures);
  },
});

async function sync(
  key: string,
  context: SyncContext,
  failures: Map<string, Failures>,
): Promise<SyncResult | undefined> {
  const { caches, client, recorder, clock, log } = context;
  const set = caches.of(DAEMON_SETS).get(key);
  if (!set) failures.delete(key);
  // Of one that is being deleted the history may be gone already: its figures cannot be told any more.
  if (!set?.spec || set.metadata.deletionTimestamp !== undefined) return undefined;
  if (selectorOf(set).empty) {
    const message = "This daemon set is selecting all pods. A non-empty selector is required.";
    recorder.event(set, "Warning", "SelectingAll", message);
    return undefined;
  }
  const pods = await claimPods(set, context);
  const history = pods && (await bringHistoryUpToDate(set, pods, context));
  if (!history) {
    context.enqueue(key);
    return undefined;
  }

  const now = clock.now();
  const { uid = "" } = set.metadata;
  const known = failuresOf(failures.get(key), uid, Number(set.status?.observedGeneration ?? 0), now);
  failures.set(key, known);
  const hash = hashOf(history.present);
  const view: DaemonSetView = { set, nodes: [...caches.of(NODES).list()], pods, hash, backoffs: known.byNode };
  const plan = planDaemonSet(view, now);
  if (plan.steps.length > 0) log.debug("applying", { key, because: plan.because });
  let failure: Failure | undefined;
  for (const step of plan.steps) {
    const failed = await apply(step, view, known, context);
    failure ??= failed;
  }
  if (!failure) for (const step of planCleanup({ ...history, set, pods }).steps) await applyHistory(step, context);
  const status = planStatus(view, history.collisionCount, now);
  for (const { status: next } of status.steps) {
    await client.update(DAEMON_SETS, { ...set, status: next }, { subresource: "status" });
  }
  if (failure) throw failure.error;
  const requeueAt = Math.min(plan.requeueAt ?? Infinity, status.requeueAt ?? Infinity);
  return {
    ...(requeueAt === Infinity ? {} : { requeueAt }),
    ...(view.nodes.length >= MANY_NODES ? { restMs: REST_MS } : {}),
  };
}

/** The set's pods; undefined when some were adopted or released just now: the next sync sees the outcome. */
async function claimPods(set: DaemonSet, { caches, client }: SyncContext): Promise<readonly Pod[] | undefined> {
  const matcher = selectorOf(set);
  const pods = claim(set, matcher, candidates(caches.of(PODS), set, matcher));
  if (pods.adopt.length === 0 && pods.release.length === 0) return pods.owned;
  await settleClaim(client, DAEMON_SETS, set, PODS, pods);
  return undefined;
}

interface History {
  readonly revisions: readonly ControllerRevision[];
  readonly present: ControllerRevision;
  readonly collisionCount: number | undefined;
}

/** Makes sure that there is one revision of the present template; undefined when that has to be looked at again. */
async function bringHistoryUpToDate(
  set: DaemonSet,
  pods: readonly Pod[],
  context: SyncContext,
): Promise<History | undefined> {
  const revisions = await claimRevisions(DAEMON_SETS, set, selectorOf(set), context);
  if (!revisions) return undefined;
  const { collisionCount } = set.status ?? {};
  const revised = {
    object: set,
    type: DAEMON_SETS,
    template: set.spec!.template,
    hashLabel: REVISION_HASH,
    collisionCount,
  };
  const found = presentRevision(revised, revisions);
  if ("step" in found) {
    const { revision, collisionCount: count } = await applyRevisionStep(found.step, revised, context);
    return { revisions, present: revision, collisionCount: count };
  }
  const { steps } = planMerge({ set, revisions, present: found.revision, pods });
  for (const step of steps) await applyHistory(step, context);
  return steps.length > 0 ? undefined : { revisions, present: found.revision, collisionCount };
}

async function applyHistory(step: HistoryStep, context: SyncContext): Promise<void> {
  if (step.type === "delete-revisions") return deleteRevisions(step.revisions, context);
  const { namespace = "", name = "", uid } = step.pod.metadata;
  const body = { metadata: { uid, labels: { [REVISION_HASH]: step.hash } } };
  await context.client.patch(PODS, { namespace, name }, { type: "merge", body });
}

/** Carries out a step. What goes wrong is returned, since the others are still to be taken, and the status told. */
async function apply(
  step: DaemonSetStep,
  { set, hash }: DaemonSetView,
  failures: Failures,
  context: SyncContext,
): Promise<Failure | undefined> {
  switch (step.type) {
    case "create": {
      const { failure } = await slowStart(step.nodes, async (node) => {
        await createPod(context, set, daemonPod(set, node, hash));
      });
      return failure;
    }
    case "delete":
      return allOf(step.pods, (pod) => deletePod(context, set, pod));
    case "back-off":
      failures.byNode.set(step.node, nextBackoff(failures.byNode.get(step.node), context.clock.now()));
      return undefined;
    case "event":
      context.recorder.event(set, step.level, step.reason, step.message);
      return undefined;
  }
}
