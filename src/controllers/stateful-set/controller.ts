import type { SharedCaches } from "#client";
import {
  CONTROLLER_REVISIONS,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  STATEFUL_SETS,
  type ControllerRevision,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from "#objects";
import { allow } from "../framework/access.ts";
import {
  adopter,
  anyOf,
  candidates,
  claim,
  defineController,
  itself,
  matcherOf,
  owner,
  settleClaim,
  watch,
  type Claim,
  type ControllerDefinition,
  type KeysOf,
  type SyncContext,
} from "../framework/index.ts";
import { applyRevisionStep, claimRevisions, deleteRevisions } from "../revision-history/effects.ts";
import { presentRevision, surplusRevisions, templateOf, type Revised } from "../revision-history/revisions.ts";
import { applyStep } from "./apply.ts";
import { claimName, claimTemplates, isMember, ordinalOf, placeOf, revisionOf, type Version } from "./identity.ts";
import { ordinalsToStart, planStatefulSet } from "./plan.ts";
import type { StatefulSetView } from "./view.ts";

export interface StatefulSetOptions {
  /** Whether `maxUnavailable` counts (feature gate MaxUnavailableStatefulSet); default false. */
  readonly countsUnavailable?: boolean;
}

const selectorOf = ({ spec }: StatefulSet) => matcherOf(spec?.selector);

/** A pod of another owner that had the name of one of the set's is gone: the name is free. */
const freesName: KeysOf<Pod> = ({ type, object }, caches) => {
  const place = type === "deleted" ? placeOf(object) : undefined;
  if (!place) return undefined;
  const key = keyOf({ namespace: object.metadata.namespace ?? "", name: place.set });
  return caches.of(STATEFUL_SETS).get(key) && key;
};

/** A claim that is gone may be one that a pod waits for, or needs again. */
const freesClaim: KeysOf<PersistentVolumeClaim> = ({ type, object }, caches) => {
  const place = type === "deleted" ? placeOf(object) : undefined;
  if (!place) return undefined;
  const { namespace = "" } = object.metadata;
  const sets = caches.of(STATEFUL_SETS);
  // `data-web-0` may be the claim `data` of `web`; either may have dashes in it.
  const parts = place.set.split("-");
  return parts.flatMap((_, at) => {
    const [template, name] = [parts.slice(0, at).join("-"), parts.slice(at).join("-")];
    const set = sets.get(keyOf({ namespace, name }));
    return set && claimTemplates(set).some(({ metadata }) => metadata.name === template) ? [keyOf(set)] : [];
  });
};

/** A sync looks at every pod of the set; from this many on, changes are given time to gather. */
const MANY_PODS = 50;
const REST_MS = 20;

/** Keeps the pods of StatefulSets, each under its own name and with its own claims. */
export const statefulSetController = ({ countsUnavailable = false }: StatefulSetOptions = {}): ControllerDefinition =>
  defineController({
    name: "statefulset-controller",
    watches: [
      watch(STATEFUL_SETS, itself),
      watch<Pod>(PODS, anyOf<Pod>(owner(STATEFUL_SETS), adopter(STATEFUL_SETS, selectorOf), freesName)),
      watch<ControllerRevision>(CONTROLLER_REVISIONS, owner(STATEFUL_SETS)),
      watch<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, freesClaim),
    ],
    writes: [
      allow(STATEFUL_SETS, "update/status"),
      allow(PODS, "create", "update", "patch", "delete"),
      allow(CONTROLLER_REVISIONS, "create", "update", "patch", "delete"),
      allow(PERSISTENT_VOLUME_CLAIMS, "create", "update"),
    ],
    start: () => async (key, context) => {
      const { caches, client, clock, log } = context;
      const set = caches.of(STATEFUL_SETS).get(key);
      if (!set) return undefined;
      const matcher = selectorOf(set);
      const pods = membersOf(set, claim(set, matcher, candidates(caches.of(PODS), set, matcher)));
      const revisions = await claimRevisions(STATEFUL_SETS, set, matcher, context);
      if (!revisions || pods.adopt.length > 0 || pods.release.length > 0) {
        await settleClaim(client, STATEFUL_SETS, set, PODS, pods);
        // Which pods and revisions are its own must be known first: the next sync sees the outcome.
        context.enqueue(key);
        return undefined;
      }
      const versions = await versionsOf(set, revisions, context);
      if (!versions) return undefined;
      const view: StatefulSetView = {
        set,
        pods: pods.owned,
        claims: claimsOf(set, pods.owned, caches),
        ...versions,
        countsUnavailable,
      };
      const { steps, because, requeueAt } = planStatefulSet(view, clock.now());
      if (steps.length > 0) log.debug("applying", { key, because });
      let failure: { readonly error: unknown } | undefined;
      for (const step of steps) {
        // The status tells what is there, also when something went wrong.
        if (failure && step.type !== "update-status") continue;
        failure = (await applyStep(step, set, context)) ?? failure;
      }
      await deleteRevisions(surplus(view, revisions), context);
      if (failure) throw failure.error;
      return {
        ...(requeueAt === undefined ? {} : { requeueAt }),
        ...(pods.owned.length >= MANY_PODS ? { restMs: REST_MS } : {}),
      };
    },
  });

/** Only pods with the set's names are its own, whatever their labels say. */
function membersOf(set: StatefulSet, { owned, adopt, release }: Claim<Pod>): Claim<Pod> {
  const strangers = set.metadata.deletionTimestamp === undefined ? owned.filter((pod) => !isMember(set, pod)) : [];
  return {
    owned: owned.filter((pod) => isMember(set, pod)),
    adopt: adopt.filter((pod) => isMember(set, pod)),
    release: [...release, ...strangers],
  };
}

/** The current and the newest version; a template that has no revision gets one. Undefined: nothing is to be done. */
async function versionsOf(
  set: StatefulSet,
  revisions: readonly ControllerRevision[],
  context: SyncContext,
): Promise<Pick<StatefulSetView, "current" | "update" | "collisionCount"> | undefined> {
  const revised: Revised = {
    object: set,
    type: STATEFUL_SETS,
    template: set.spec?.template ?? {},
    hashLabel: "controller.kubernetes.io/hash",
    collisionCount: set.status?.collisionCount,
  };
  const found = presentRevision(revised, revisions);
  if ("step" in found && set.metadata.deletionTimestamp !== undefined) return undefined;
  const { revision, collisionCount } =
    "step" in found
      ? await applyRevisionStep(found.step, revised, context)
      : { revision: found.revision, collisionCount: set.status?.collisionCount ?? 0 };
  const update: Version = { name: revision.metadata.name ?? "", template: revised.template };
  const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision);
  const template = current && templateOf(current);
  return {
    current: template ? { name: current.metadata.name ?? "", template } : update,
    update,
    collisionCount,
  };
}

function claimsOf(set: StatefulSet, pods: readonly Pod[], caches: SharedCaches) {
  const claims = new Map<string, PersistentVolumeClaim>();
  const { namespace = "" } = set.metadata;
  const cache = caches.of(PERSISTENT_VOLUME_CLAIMS);
  const templates = claimTemplates(set);
  if (templates.length === 0) return claims;
  for (const ordinal of [...pods.map(ordinalOf), ...ordinalsToStart(set, pods)]) {
    for (const template of templates) {
      const name = claimName(template, set, ordinal);
      const found = cache.get(keyOf({ namespace, name }));
      if (found) claims.set(name, found);
    }
  }
  return claims;
}

function surplus({ set, pods, current, update }: StatefulSetView, revisions: readonly ControllerRevision[]) {
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const live = new Set([current.name, update.name, ...pods.map(revisionOf)]);
  return surplusRevisions(revisions, live, set.spec?.revisionHistoryLimit ?? 10);
}
