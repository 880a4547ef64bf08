import { messageOf } from "#base";
import type { ApiResource } from "#client";
import {
  groupResource,
  isPodTerminal,
  metadataOnly,
  NAMESPACES,
  parseKey,
  PODS,
  type Draft,
  type KubeObject,
  type Namespace,
} from "#objects";
import { allow, ANY_KIND } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { itself, watch } from "../framework/watch.ts";
import { staleVersions } from "./conditions.ts";
import { planDeletion, type DeletionStep, type DeletionView, type Emptied } from "./plan.ts";

export interface NamespaceOptions {
  /**
   * How long it takes, in milliseconds, until every API server knows that a namespace is being deleted, and lets no
   * object into it any more (upstream always waits 5 s). 0 where there is one API server, which knows at once.
   */
  readonly settleMs: number;
}

/** Empties a namespace that is being deleted, kind by kind, custom ones included, and lets it go once nothing is left. */
export const namespaceController = ({ settleMs }: NamespaceOptions): ControllerDefinition =>
  defineController({
    name: "namespace-controller",
    concurrency: 10,
    watches: [
      watch(NAMESPACES, (change) =>
        change.object.metadata.deletionTimestamp === undefined ? undefined : itself(change),
      ),
    ],
    writes: [
      allow(NAMESPACES, "update/finalize", "patch/status"),
      allow(ANY_KIND, "list", "deletecollection", "delete"),
    ],
    start: () => async (key, context) => {
      const { caches, client, clock, log, signal } = context;
      const namespace = caches.of(NAMESPACES).get(key);
      if (!namespace?.metadata.deletionTimestamp) return undefined;
      const unknown = staleVersions(await client.discovery.groups());
      const kinds = (await client.discovery.resources()).filter(isContent);
      let view: DeletionView = { namespace, kinds, unknown, settleMs, emptied: new Map() };
      let current = namespace;
      for (;;) {
        const { steps, because, requeueAt } = planDeletion(view, clock.now());
        if (steps.length > 0) log.debug("deleting a namespace", { key, because });
        const emptied = new Map(view.emptied);
        for (const step of steps) {
          if (step.type !== "empty") current = await conclude(step, current, context);
          else for (const kind of step.kinds) emptied.set(groupResource(kind), await empty(key, kind, context));
          // Half a look says nothing; the next sync looks again.
          if (signal.aborted) return undefined;
        }
        if (emptied.size === view.emptied.size) return requeueAt === undefined ? undefined : { requeueAt };
        view = { ...view, emptied };
      }
    },
  });

/** What is deleted with its namespace. Of what the server knows to have no object there is nothing to delete. */
const isContent = ({ namespaced, verbs, empty: isEmpty }: ApiResource) =>
  namespaced && !isEmpty && verbs.includes("list") && verbs.includes("delete");

const NOTHING: Emptied = { count: 0, finalizers: {}, graceSeconds: 0 };

/** Deletes all objects of a kind, and says what is left of them. */
async function empty(namespace: string, kind: ApiResource, context: SyncContext): Promise<Emptied> {
  const { client, log, signal } = context;
  if (signal.aborted) return NOTHING;
  const list = async (limit?: number) =>
    (await client.list(metadataOnly(kind), { namespace, ...(limit === undefined ? {} : { limit }) })).items;
  try {
    if ((await list(1)).length === 0) return NOTHING;
    const graceSeconds = groupResource(kind) === groupResource(PODS) ? await longestGrace(namespace, context) : 0;
    await deleteAll(namespace, kind, context);
    const left = await list();
    return { count: left.length, finalizers: countFinalizers(left), graceSeconds };
  } catch (error) {
    log.warn("deleting the content of a namespace failed", { namespace, type: groupResource(kind), error });
    return { ...NOTHING, failure: messageOf(error) };
  }
}

/** In seconds, of the pods that have not ended. */
async function longestGrace(namespace: string, { client }: SyncContext): Promise<number> {
  const { items } = await client.list(PODS, { namespace });
  const graces = items.filter((pod) => !isPodTerminal(pod)).map(({ spec }) => spec?.terminationGracePeriodSeconds ?? 0);
  return graces.reduce<number>((longest, seconds) => Math.max(longest, Number(seconds)), 0);
}

function countFinalizers(objects: readonly KubeObject[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { metadata } of objects) {
    for (const name of metadata.finalizers ?? []) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function deleteAll(namespace: string, kind: ApiResource, { client, signal }: SyncContext): Promise<void> {
  const propagationPolicy = "Background";
  if (kind.verbs.includes("deletecollection")) {
    await client.deleteCollection(kind, { namespace }, { propagationPolicy, signal });
    return;
  }
  for (const { metadata } of (await client.list(metadataOnly(kind), { namespace })).items) {
    if (signal.aborted) return;
    await unlessGone(client.delete(kind, { namespace, name: metadata.name ?? "" }, { propagationPolicy }));
  }
}

/** Resolves to the namespace after the step. */
async function conclude(
  step: Exclude<DeletionStep, { readonly type: "empty" }>,
  namespace: Namespace,
  { client }: SyncContext,
): Promise<Namespace> {
  if (step.type === "finalize") {
    const spec = { ...(namespace.spec as Draft<Namespace["spec"]>), finalizers: step.finalizers };
    const finalized = client.update(NAMESPACES, { ...namespace, spec }, { subresource: "finalize" });
    return (await unlessGone(finalized)) ?? namespace;
  }
  const body = { status: { conditions: step.conditions } };
  const subject = parseKey(namespace.metadata.name ?? "");
  const patched = client.patch(NAMESPACES, subject, { type: "merge", body }, { subresource: "status" });
  return (await unlessGone(patched)) ?? namespace;
}
