import { messageOf } from "#base";
import type { ApiResource } from "#client";
import { formatTime, groupResource, metadataOnly, NAMESPACES, parseKey, type Namespace } from "#objects";
import { allow, ANY_KIND } from "../framework/access.ts";
import { defineController, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { itself, watch } from "../framework/watch.ts";
import {
  finalized,
  inDeletionOrder,
  remainingOf,
  staleVersions,
  terminatingConditions,
  type Contents,
  type Remaining,
} from "./plan.ts";

/** How long until a namespace whose content waits for something is looked at again. */
const RECHECK_MS = 5_000;
/** A first look soon: most content goes at once, and its deletion does not wake this controller. */
const FIRST_RECHECK_MS = 100;

/** Empties a namespace that is being deleted, kind by kind, custom ones included, and lets it go once nothing is left. */
export const namespaceController = defineController({
  name: "namespace-controller",
  concurrency: 10,
  watches: [watch(NAMESPACES, itself)],
  writes: [allow(NAMESPACES, "update/finalize", "patch/status"), allow(ANY_KIND, "list", "deletecollection")],
  start: () => async (key, context) => {
    const namespace = context.caches.of(NAMESPACES).get(key);
    if (!namespace?.metadata.deletionTimestamp) return;
    if (!namespace.spec?.finalizers?.includes("kubernetes")) return;

    const groups = await context.client.discovery.groups();
    const resources = await context.client.discovery.resources();
    const emptied = await empty(key, resources.filter(isContent), context);
    const contents: Contents = { ...emptied, unknown: staleVersions(groups) };
    // Half a look says nothing; the next sync looks again.
    if (context.signal.aborted) return {};
    const current = await updateConditions(namespace, contents, context);
    if (contents.remaining.length > 0 || contents.failures.length > 0 || contents.unknown.length > 0) {
      const since = context.clock.now() - Date.parse(namespace.metadata.deletionTimestamp);
      return { requeueAt: context.clock.now() + Math.min(RECHECK_MS, Math.max(FIRST_RECHECK_MS, since / 4)) };
    }
    await unlessGone(context.client.update(NAMESPACES, finalized(current), { subresource: "finalize" }));
    return {};
  },
});

/** What is deleted with its namespace. Of what the server knows to have no object there is nothing to delete. */
const isContent = ({ namespaced, verbs, empty: isEmpty }: ApiResource) =>
  namespaced && !isEmpty && verbs.includes("list") && verbs.includes("delete");

async function empty(
  namespace: string,
  types: readonly ApiResource[],
  context: SyncContext,
): Promise<Omit<Contents, "unknown">> {
  const remaining: Remaining[] = [];
  const failures: string[] = [];
  for (const stage of inDeletionOrder(types)) {
    if (remaining.length > 0) break;
    for (const type of stage) {
      if (context.signal.aborted) return { remaining, failures };
      try {
        const before = await context.client.list(metadataOnly(type), { namespace, limit: 1 });
        if (before.items.length === 0) continue;
        await deleteAll(namespace, type, context);
        const after = await context.client.list(metadataOnly(type), { namespace });
        if (after.items.length > 0) remaining.push(remainingOf(groupResource(type), after.items));
      } catch (error) {
        failures.push(messageOf(error));
        context.log.warn("deleting the content of a namespace failed", { namespace, type: groupResource(type), error });
      }
    }
  }
  return { remaining, failures };
}

async function deleteAll(namespace: string, type: ApiResource, { client, signal }: SyncContext): Promise<void> {
  const propagationPolicy = "Background";
  if (type.verbs.includes("deletecollection")) {
    await client.deleteCollection(type, { namespace }, { propagationPolicy, signal });
    return;
  }
  for (const { metadata } of (await client.list(metadataOnly(type), { namespace })).items) {
    if (signal.aborted) return;
    await unlessGone(client.delete(type, { namespace, name: metadata.name ?? "" }, { propagationPolicy }));
  }
}

async function updateConditions(namespace: Namespace, contents: Contents, context: SyncContext): Promise<Namespace> {
  const conditions = terminatingConditions(namespace, contents, formatTime(context.clock.now()));
  if (JSON.stringify(conditions) === JSON.stringify(namespace.status?.conditions)) return namespace;
  const { name = "" } = namespace.metadata;
  const patched = await unlessGone(
    context.client.patch(
      NAMESPACES,
      parseKey(name),
      { type: "merge", body: { status: { conditions } } },
      { subresource: "status" },
    ),
  );
  return patched ?? namespace;
}
