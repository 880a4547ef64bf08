import { retryOnConflict } from "#client";
import { formatTime, NODES, parseKey, PODS, type Node, type Taint } from "#objects";
import type { SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import type { PodsStep } from "./plan.ts";
import { isEvicting, noExecuteTaints } from "./taints.ts";

/** Replaces the taints of a node, unless it has changed meanwhile. */
export async function setTaints(node: Node, taints: readonly Taint[], { client }: SyncContext): Promise<void> {
  const { name = "", resourceVersion } = node.metadata;
  const body = { metadata: { resourceVersion }, spec: { taints } };
  await unlessGone(client.patch(NODES, parseKey(name), { type: "merge", body }));
}

/** Lets the NoExecute taint for the condition Ready be the one of this key, or none. `swap`: only if it has one. */
export async function setEvicting(
  node: Node,
  key: string | undefined,
  context: SyncContext,
  { swap = false }: { readonly swap?: boolean } = {},
): Promise<void> {
  let read: Node | undefined = node;
  await retryOnConflict(context.clock, async () => {
    const current = read ?? (await unlessGone(context.client.get(NODES, parseKey(node.metadata.name ?? ""))));
    read = undefined;
    if (!current || (swap && !isEvicting(current))) return;
    const taints = noExecuteTaints(current, key, formatTime(context.clock.now()));
    if (taints) await setTaints(current, taints, context);
  });
}

/** Says in a pod's conditions, and by an Event, that it is not ready. */
export async function markNotReady({ pod, conditions }: PodsStep, { client, recorder }: SyncContext): Promise<void> {
  const { namespace = "", name = "", resourceVersion } = pod.metadata;
  const body = { metadata: { resourceVersion }, status: { conditions } };
  const patched = client.patch(PODS, { namespace, name }, { type: "merge", body }, { subresource: "status" });
  if (await unlessGone(patched)) recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
}
