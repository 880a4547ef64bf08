import { retryOnConflict } from "#client";
import { formatTime, LEASES, NODES, parseKey, PODS, type Node, type Pod, type Taint } from "#objects";
import { allow } from "../framework/access.ts";
import {
  defineController,
  type ControllerDefinition,
  type SyncContext,
  type SyncResult,
} from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { allOf } from "../framework/parallel.ts";
import { watch } from "../framework/watch.ts";
import { MONITOR_PERIOD_MS, observeHeartbeat, readyCondition, silentConditions, type Heartbeat } from "./health.ts";
import { missingLabels } from "./labels.ts";
import { TaintQueue } from "./taint-queue.ts";
import { evictingKey, isEvicting, noExecuteTaints, noScheduleTaints } from "./taints.ts";
import { counts, planDisruption, zoneOf, type DisruptionStep, type ZoneCount, type ZoneMode } from "./zones.ts";

export const LEASE_NAMESPACE = "kube-node-lease";
export const PODS_BY_NODE = "node";

/** Looks at all nodes, and gives those that wait the NoExecute taint as far as their zones may have it. */
const MONITOR = "monitor";
const NODE = "node:";
const POD = "pod:";

interface State {
  /** When all nodes are to be looked at next, on the clock that is never set. */
  lookAt: number;
  readonly heartbeats: Map<string, Heartbeat>;
  /** The nodes that were there at the last look, as they were then. */
  readonly known: Map<string, Node>;
  readonly modes: Map<string, ZoneMode>;
  /** By zone. */
  readonly queues: Map<string, TaintQueue>;
  /** Nodes whose pods could not all be marked as not ready. */
  readonly unfinished: Set<string>;
}

/** Notices nodes that fall silent, keeps the taints that stand for their conditions, and drives pods away, not too fast. */
export function nodeLifecycleController(): ControllerDefinition {
  return defineController({
    name: "node-controller",
    concurrency: 8,
    watches: [
      watch(NODES, ({ object }) => NODE + (object.metadata.name ?? "")),
      // Leases wake nothing: all nodes are looked at in their turn, whatever their leases do.
      watch(LEASES),
      watch(PODS, ({ type, object, previous }) => {
        if (type === "deleted" || !object.spec?.nodeName || object.spec.nodeName === previous?.spec?.nodeName) return;
        return `${POD}${object.metadata.namespace}/${object.metadata.name}`;
      }),
    ],
    writes: [allow(NODES, "patch", "patch/status"), allow(PODS, "patch/status")],
    start({ caches, enqueue }) {
      const state: State = {
        lookAt: -Infinity,
        heartbeats: new Map(),
        known: new Map(),
        modes: new Map(),
        queues: new Map(),
        unfinished: new Set(),
      };
      caches.of(PODS).addIndex(PODS_BY_NODE, (pod) => pod.spec?.nodeName);
      enqueue(MONITOR);
      return async (key, context) => {
        if (key === MONITOR) return monitor(state, context);
        if (key.startsWith(POD)) return markNewPod(state, key.slice(POD.length), context);
        return labelAndTaint(state, key.slice(NODE.length), context);
      };
    },
  });
}

/** What a node needs at once when it has changed: labels, the taints that keep new pods away, and no other when it is ready. */
async function labelAndTaint(state: State, name: string, context: SyncContext): Promise<void> {
  const node = context.caches.of(NODES).get(name);
  if (!node) return;
  const labels = missingLabels(node);
  if (labels) {
    await unlessGone(context.client.patch(NODES, parseKey(name), { type: "merge", body: { metadata: { labels } } }));
    return;
  }
  const timestamp = formatTime(context.clock.now());
  const taints = noScheduleTaints(node, timestamp);
  if (taints) await setTaints(node, taints, context);
  else if (readyCondition(node)?.status === "True") await spare(state, node, context);
}

async function setTaints(node: Node, taints: readonly Taint[], { client }: SyncContext): Promise<void> {
  const { name = "", resourceVersion } = node.metadata;
  const body = { metadata: { resourceVersion }, spec: { taints } };
  await unlessGone(client.patch(NODES, parseKey(name), { type: "merge", body }));
}

/** Lets the NoExecute taint for the condition Ready be the one of this key, or none. `swap`: only if it has one. */
async function setEvicting(
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

/** Takes the NoExecute taints off a node, and its turn to get one. */
async function spare(state: State, node: Node, context: SyncContext): Promise<void> {
  state.queues.get(zoneOf(node))?.remove(node.metadata.name ?? "");
  await setEvicting(node, undefined, context);
}

function queueOf({ queues }: State, zone: string): TaintQueue {
  const known = queues.get(zone);
  if (known) return known;
  const queue = new TaintQueue();
  queues.set(zone, queue);
  return queue;
}

async function monitor(state: State, context: SyncContext): Promise<SyncResult> {
  const { clock } = context;
  if (clock.monotonic() >= state.lookAt) {
    await lookAtAll(state, context);
    state.lookAt = clock.monotonic() + MONITOR_PERIOD_MS;
  }
  const next = Math.min(state.lookAt, await evictNext(state, context));
  return { requeueAt: clock.now() + next - clock.monotonic() };
}

async function lookAtAll(state: State, context: SyncContext): Promise<void> {
  const nodes = [...context.caches.of(NODES).list()];
  const added = register(state, nodes, context);
  const zones = new Map<string, ZoneCount>();
  const failure = await allOf(nodes, async (node) => {
    const status = await checkNode(state, node, added.has(node), context);
    if (!counts(node)) return;
    const count = zones.get(zoneOf(node)) ?? { nodes: 0, ready: 0 };
    zones.set(zoneOf(node), { nodes: count.nodes + 1, ready: count.ready + (status === "True" ? 1 : 0) });
  });
  const plan = planDisruption(state.modes, zones);
  if (plan.steps.length > 0) context.log.debug("evictions", { because: plan.because });
  for (const step of plan.steps) await follow(step, state, nodes, context);
  if (failure) throw failure.error;
}

/** Says which nodes have come and gone since the last look. Returns those that have come. */
function register(state: State, nodes: readonly Node[], { recorder }: SyncContext): ReadonlySet<Node> {
  const recordEvent = ({ metadata: { name = "", uid = "" } }: Node, reason: string, event: string) =>
    recorder.event({ apiVersion: "v1", kind: "Node", name, uid }, "Normal", reason, `Node ${name} event: ${event}`);
  const added = new Set<Node>();
  const names = new Set(nodes.map(({ metadata }) => metadata.name ?? ""));
  for (const node of nodes) {
    const { name = "" } = node.metadata;
    const isNew = !state.known.has(name);
    state.known.set(name, node);
    if (!isNew) continue;
    added.add(node);
    recordEvent(node, "RegisteredNode", `Registered Node ${name} in Controller`);
  }
  for (const [name, node] of state.known) {
    if (names.has(name)) continue;
    recordEvent(node, "RemovingNode", `Removing Node ${name} from Controller`);
    state.known.delete(name);
    state.heartbeats.delete(name);
    state.unfinished.delete(name);
    state.queues.get(zoneOf(node))?.remove(name);
  }
  return added;
}

/** Looks at a node's heartbeat, and at what follows for its pods. Resolves to the status of its condition Ready. */
async function checkNode(state: State, node: Node, isNew: boolean, context: SyncContext): Promise<string | undefined> {
  const { name = "" } = node.metadata;
  const { observed, current } = await checkHeartbeat(state, node, context);
  const status = readyCondition(current)?.status;
  if (status === undefined) return undefined;
  // What was decided about a node before this controller began is decided anew, at the rate of its zone.
  if (observed === "True" || (isNew && isEvicting(current))) await spare(state, current, context);
  else if (isEvicting(current)) await setEvicting(current, evictingKey(observed), context, { swap: true });
  if (observed !== "True" && (isNew || !isEvicting(current))) queueOf(state, zoneOf(node)).add(name);
  const fellSilent = status !== "True" && observed === "True";
  if (fellSilent) {
    context.recorder.event(current, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    state.unfinished.add(name);
  }
  if (state.unfinished.has(name)) {
    if (status !== "True") await markPodsNotReady(name, context);
    state.unfinished.delete(name);
  }
  return status;
}

/** What the node said of its readiness, and the node after it was found silent, or as it was. */
async function checkHeartbeat(
  { heartbeats }: State,
  node: Node,
  context: SyncContext,
): Promise<{ readonly observed: string; readonly current: Node }> {
  const { caches, client, clock } = context;
  const { name = "" } = node.metadata;
  let current: Node | undefined = node;
  return retryOnConflict(clock, async () => {
    const seen: Node = current ?? (await client.get(NODES, parseKey(name)));
    current = undefined;
    // Silence is measured: it does not come of a clock that is set.
    const now = clock.monotonic();
    const lease = caches.of(LEASES).get(`${LEASE_NAMESPACE}/${name}`);
    const heartbeat = observeHeartbeat(heartbeats.get(name), seen, lease, now);
    heartbeats.set(name, heartbeat);
    const observed = readyCondition(seen)?.status ?? "Unknown";
    const conditions = silentConditions(seen, heartbeat, now, formatTime(clock.now()));
    if (!conditions) return { observed, current: seen };
    const body = { metadata: { resourceVersion: seen.metadata.resourceVersion }, status: { conditions } };
    const patched = await client.patch(NODES, parseKey(name), { type: "merge", body }, { subresource: "status" });
    return { observed, current: patched };
  });
}

async function follow(step: DisruptionStep, state: State, nodes: readonly Node[], context: SyncContext): Promise<void> {
  const now = context.clock.monotonic();
  switch (step.type) {
    case "enter":
      state.modes.set(step.zone, step.mode);
      queueOf(state, step.zone).setRate(step.rate, now);
      return;
    case "forget":
      state.modes.delete(step.zone);
      return;
    case "renew-all":
      for (const [name, heartbeat] of state.heartbeats) state.heartbeats.set(name, { ...heartbeat, seenAt: now });
      return;
    case "spare-all": {
      const failure = await allOf(nodes, (node) => spare(state, node, context));
      if (failure) throw failure.error;
    }
  }
}

/** Resolves to when it is worth another look, on the clock that is never set. */
async function evictNext(state: State, context: SyncContext): Promise<number> {
  let next = Infinity;
  for (const queue of state.queues.values()) {
    const name = queue.take(context.clock.monotonic());
    const node = name === undefined ? undefined : context.caches.of(NODES).get(name);
    const key = node && evictingKey(readyCondition(node)?.status ?? "True");
    // It may have come back meanwhile, or gone for good.
    if (node && key) await setEvicting(node, key, context);
    next = Math.min(next, queue.nextAt ?? Infinity);
  }
  return next;
}

/** A pod that comes to a node that is not ready counts as not ready: nothing there can tell. */
async function markNewPod(state: State, key: string, context: SyncContext): Promise<void> {
  const pod = context.caches.of(PODS).get(key);
  const nodeName = pod?.spec?.nodeName;
  const node = nodeName && state.heartbeats.has(nodeName) ? context.caches.of(NODES).get(nodeName) : undefined;
  const ready = node && readyCondition(node);
  if (pod && ready && ready.status !== "True") await markNotReady(pod, context);
}

async function markPodsNotReady(nodeName: string, context: SyncContext): Promise<void> {
  const failure = await allOf(context.caches.of(PODS).index(PODS_BY_NODE, nodeName), (pod) =>
    markNotReady(pod, context),
  );
  if (failure) throw failure.error;
}

/** Upstream MarkPodsNotReady. */
async function markNotReady(pod: Pod, { client, clock, recorder }: SyncContext): Promise<void> {
  const conditions = pod.status?.conditions ?? [];
  if (!conditions.some(({ type, status }) => type === "Ready" && status === "True")) return;
  const lastTransitionTime = formatTime(clock.now());
  const turned = conditions.map((condition) =>
    condition.type === "Ready" ? { ...condition, status: "False", lastTransitionTime } : condition,
  );
  const { namespace = "", name = "", resourceVersion } = pod.metadata;
  const body = { metadata: { resourceVersion }, status: { conditions: turned } };
  await unlessGone(client.patch(PODS, { namespace, name }, { type: "merge", body }, { subresource: "status" }));
  recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
}
