import { retryOnConflict } from "#client";
import { LEASES, NODES, parseKey, PODS, type Node } from "#objects";
import type { SyncContext, SyncResult } from "../framework/definition.ts";
import { allOf } from "../framework/parallel.ts";
import { markNotReady, setEvicting } from "./apply.ts";
import { MONITOR_PERIOD_MS, type Heartbeat } from "./health.ts";
import { planConsequences, planHealth, planPods, planRoll, readinessOf, type ConsequencesStep } from "./plan.ts";
import { planTurn, TaintQueue } from "./taint-queue.ts";
import { counts, planDisruption, zoneOf, type DisruptionStep, type ZoneCount, type ZoneMode } from "./zones.ts";

const LEASE_NAMESPACE = "kube-node-lease";
export const PODS_BY_NODE = "node";

/** What the controller remembers while it runs. */
export interface State {
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

export const createState = (): State => ({
  lookAt: -Infinity,
  heartbeats: new Map(),
  known: new Map(),
  modes: new Map(),
  queues: new Map(),
  unfinished: new Set(),
});

/** Looks at all nodes when it is time, and gives the next of those that wait its NoExecute taint. */
export async function monitor(state: State, context: SyncContext): Promise<SyncResult> {
  const { clock } = context;
  if (clock.monotonic() >= state.lookAt) {
    await lookAtAll(state, context);
    state.lookAt = clock.monotonic() + MONITOR_PERIOD_MS;
  }
  const next = Math.min(state.lookAt, await takeTurns(state, context));
  return { requeueAt: clock.now() + next - clock.monotonic() };
}

/** Takes the NoExecute taints off a node, and its turn to get one. */
export async function spare(state: State, node: Node, context: SyncContext): Promise<void> {
  state.queues.get(zoneOf(node))?.remove(node.metadata.name ?? "");
  await setEvicting(node, undefined, context);
}

/** Whether a node waits for its turn to get a NoExecute taint. */
export const isQueued = ({ queues }: State, node: Node): boolean =>
  queues.get(zoneOf(node))?.has(node.metadata.name ?? "") === true;

function queueOf({ queues }: State, zone: string): TaintQueue {
  const known = queues.get(zone);
  if (known) return known;
  const queue = new TaintQueue();
  queues.set(zone, queue);
  return queue;
}

async function lookAtAll(state: State, context: SyncContext): Promise<void> {
  const nodes = [...context.caches.of(NODES).list()];
  const added = callRoll(state, nodes, context);
  const zones = new Map<string, ZoneCount>();
  const failure = await allOf(nodes, async (node) => {
    const status = await lookAt(state, node, added.has(node), context);
    if (!counts(node)) return;
    const count = zones.get(zoneOf(node)) ?? { nodes: 0, ready: 0 };
    zones.set(zoneOf(node), { nodes: count.nodes + 1, ready: count.ready + (status === "True" ? 1 : 0) });
  });
  const plan = planDisruption(state.modes, zones);
  if (plan.steps.length > 0) context.log.debug("evictions", { because: plan.because });
  for (const step of plan.steps) await disrupt(step, state, nodes, context);
  if (failure) throw failure.error;
}

/** Says which nodes have come and gone since the last look. Returns those that have come. */
function callRoll(state: State, present: readonly Node[], { recorder }: SyncContext): ReadonlySet<Node> {
  const added = new Set<Node>();
  for (const { type, node } of planRoll({ present, known: state.known }).steps) {
    const { name = "", uid = "" } = node.metadata;
    const about = { apiVersion: "v1", kind: "Node", name, uid };
    const say = (reason: string, event: string) =>
      recorder.event(about, "Normal", reason, `Node ${name} event: ${event}`);
    if (type === "register") {
      added.add(node);
      say("RegisteredNode", `Registered Node ${name} in Controller`);
    } else {
      say("RemovingNode", `Removing Node ${name} from Controller`);
      state.known.delete(name);
      state.heartbeats.delete(name);
      state.unfinished.delete(name);
      state.queues.get(zoneOf(node))?.remove(name);
    }
  }
  for (const node of present) state.known.set(node.metadata.name ?? "", node);
  return added;
}

/** Looks at a node's heartbeat, and at what follows for its pods. Resolves to the status of its condition Ready. */
async function lookAt(state: State, node: Node, isNew: boolean, context: SyncContext): Promise<string | undefined> {
  const { name = "" } = node.metadata;
  const { observed, current } = await checkHeartbeat(state, node, context);
  const view = { node: current, observed, isNew, isQueued: isQueued(state, current) };
  const plan = planConsequences({ ...view, isUnfinished: state.unfinished.has(name) });
  for (const step of plan.steps) await follow(step, state, current, context);
  if (readinessOf(current) !== undefined) state.unfinished.delete(name);
  return readinessOf(current);
}

/** What the node said of its readiness, and the node after it was found silent, or as it was. */
async function checkHeartbeat(
  { heartbeats }: State,
  node: Node,
  { caches, client, clock }: SyncContext,
): Promise<{ readonly observed: string; readonly current: Node }> {
  const { name = "" } = node.metadata;
  let read: Node | undefined = node;
  return retryOnConflict(clock, async () => {
    const seen: Node = read ?? (await client.get(NODES, parseKey(name)));
    read = undefined;
    const lease = caches.of(LEASES).get(`${LEASE_NAMESPACE}/${name}`);
    const view = { node: seen, lease, heartbeat: heartbeats.get(name), monotonic: clock.monotonic() };
    let current = seen;
    for (const step of planHealth(view, clock.now()).steps) {
      if (step.type === "observe") heartbeats.set(name, step.heartbeat);
      else {
        const { resourceVersion } = seen.metadata;
        const body = { metadata: { resourceVersion }, status: { conditions: step.conditions } };
        current = await client.patch(NODES, parseKey(name), { type: "merge", body }, { subresource: "status" });
      }
    }
    return { observed: readinessOf(seen) ?? "Unknown", current };
  });
}

async function follow(step: ConsequencesStep, state: State, node: Node, context: SyncContext): Promise<void> {
  const { name = "" } = node.metadata;
  switch (step.type) {
    case "spare":
      return spare(state, node, context);
    case "swap-taint":
      return setEvicting(node, step.key, context, { swap: true });
    case "queue":
      queueOf(state, zoneOf(node)).add(name);
      return;
    case "report":
      context.recorder.event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
      return;
    case "mark-pods": {
      state.unfinished.add(name);
      const pods = context.caches.of(PODS).index(PODS_BY_NODE, name);
      const { steps } = planPods({ pods, ready: readinessOf(node) }, context.clock.now());
      const failure = await allOf(steps, (one) => markNotReady(one, context));
      if (failure) throw failure.error;
    }
  }
}

async function disrupt(
  step: DisruptionStep,
  state: State,
  nodes: readonly Node[],
  context: SyncContext,
): Promise<void> {
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

/** Lets each zone have its turn. Resolves to when another look is worth it, on the clock that is never set. */
async function takeTurns({ queues }: State, context: SyncContext): Promise<number> {
  const nodes = context.caches.of(NODES);
  let next = Infinity;
  for (const queue of queues.values()) {
    const now = context.clock.monotonic();
    const plan = planTurn(
      queue.view((name) => readinessOf(nodes.get(name))),
      now,
    );
    for (const step of plan.steps) {
      const node = nodes.get(step.name);
      if (step.type === "take") queue.take(step.name, now);
      else if (node) await setEvicting(node, step.key, context);
    }
    next = Math.min(next, plan.requeueAt ?? Infinity);
  }
  return next;
}
