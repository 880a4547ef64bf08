import { every, type Clock, type Log, type Random, type Scope, type Timer } from "#base";
import { retryOnConflict, updateStatus, type Client, type EventRecorder } from "#client";
import { formatTime, hasReason, NODES, type Node } from "#objects";
import { conditionEvents } from "./conditions.ts";
import { newNode, nodeStatus, type NodeDescription, type NodeState } from "./describe.ts";
import type { NodeMonitor } from "./health.ts";
import { keepLease } from "./lease.ts";

/** An unchanged status is posted every 5 min (upstream nodeStatusReportFrequency). */
const STATUS_MS = 300_000;
/** Changes of the image list gather this long. */
const IMAGES_MS = 1_000;

export interface NodeAgentOptions {
  readonly description: NodeDescription;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly state: () => NodeState;
  /** Absent for a node that is always well. */
  readonly monitor?: NodeMonitor | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
}

export interface NodeAgent {
  /** The Node as this agent knows it last. */
  readonly node: Node;
  /** The node's images have changed. */
  imagesChanged(): void;
}

/** Registers the node, and keeps its lease and status fresh until the scope closes. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const { description, client, recorder, clock, random, log, scope } = options;
  const key = { namespace: "", name: description.name };
  let node: Node;

  const postStatus = () =>
    retryOnConflict(clock, async () => {
      const current = await client.get(NODES, key);
      const status = nodeStatus(description, current.status, options.state(), formatTime(clock.now()));
      node = await updateStatus(client, NODES, { ...current, status });
      for (const reason of conditionEvents(current.status?.conditions, status.conditions ?? [])) {
        recorder.event(node, "Normal", reason, `Node ${description.name} status is now: ${reason}`);
      }
      return node;
    });
  const postQuietly = () => {
    postStatus().catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn("posting the node's status failed", { error });
    });
  };
  const registered = options.state();
  try {
    node = await client.create(NODES, newNode(description, registered, formatTime(clock.now())));
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
    node = await postStatus();
  }
  await keepLease({
    client,
    clock,
    random,
    scope,
    node: () => node,
    onError: (error) => log.warn("renewing the node's lease failed", { error }),
  });
  recorder.event(node, "Normal", "Starting", "Starting kubelet.");

  const status = every(clock, STATUS_MS + random.int(STATUS_MS / 10), postQuietly);
  scope.defer(() => status.cancel());
  const unsubscribe = options.monitor?.subscribe(postQuietly);
  if (unsubscribe) scope.defer(unsubscribe);
  if (options.state().health !== registered.health) postQuietly();
  let imagesTimer: Timer | undefined;
  scope.defer(() => imagesTimer?.cancel());
  return {
    get node() {
      return node;
    },
    imagesChanged() {
      // A pull may end after everything else.
      if (scope.signal.aborted) return;
      imagesTimer ??= clock.setTimeout(() => {
        imagesTimer = undefined;
        postQuietly();
      }, IMAGES_MS);
    },
  };
}
