import { every, type Clock, type Log, type Random, type Scope, type Timer } from "#base";
import { retryOnConflict, retryThroughOutage, updateStatus, type Client, type EventRecorder } from "#client";
import { formatTime, hasReason, NODES, type Node, type NodeStatus, type ObjectReference } from "#objects";
import { conditionEvents } from "./conditions.ts";
import { newNode, nodeStatus, type NodeDescription, type NodeState } from "./describe.ts";
import type { NodeMonitor } from "./health.ts";
import { keepLease } from "./lease.ts";

/** An unchanged status is posted every 5 min (upstream nodeStatusReportFrequency). */
const STATUS_MS = 300_000;
/** How often the kubelet looks whether it may still get pods (upstream nodeStatusUpdateFrequency). */
const SCHEDULABLE_MS = 10_000;
/** Changes of the image list gather this long. */
const IMAGES_MS = 1_000;

export interface NodeAgentOptions {
  readonly description: NodeDescription;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly state: () => NodeState;
  /** The Node as the API has it by now; absent where nothing watches it. */
  readonly currentNode?: () => Node | undefined;
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

/** How a kubelet refers to its node in Events: by the name as UID, as upstream's does. */
export const nodeReference = (name: string): ObjectReference => ({ kind: "Node", name, uid: name });

/** Registers the node, and keeps its lease and status fresh until the scope closes. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const { description, client, recorder, clock, random, log, scope } = options;
  const key = { namespace: "", name: description.name };
  let node: Node;

  const about = nodeReference(description.name);
  const report = (reason: string) => reportStatus(recorder, description.name, reason);
  const postStatus = () =>
    retryOnConflict(clock, async () => {
      const current = await client.get(NODES, key);
      const status = nodeStatus(description, current.status, options.state(), formatTime(clock.now()));
      node = await updateStatus(client, NODES, { ...current, status });
      reportChanges(recorder, description.name, current.status, status);
      return node;
    });
  const postQuietly = () => {
    postStatus().catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn("posting the node's status failed", { error });
    });
  };
  let registered = options.state();
  const register = async (): Promise<Node> => {
    registered = options.state();
    const wanted = newNode(description, registered, formatTime(clock.now()));
    try {
      const created = await client.create(NODES, wanted);
      reportChanges(recorder, description.name, undefined, wanted.status as NodeStatus);
      return created;
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
      return postStatus();
    }
  };
  const onRetry = (error: unknown) => log.warn("registering the node failed", { error });
  node = await retryThroughOutage({ clock, signal: scope.signal, onRetry }, register);
  await keepLease({
    client,
    clock,
    random,
    scope,
    node,
    onError: (error) => log.warn("renewing the node's lease failed", { error }),
  });
  recorder.event(about, "Normal", "Starting", "Starting kubelet.");

  const status = every(clock, STATUS_MS + random.int(STATUS_MS / 10), postQuietly);
  scope.defer(() => status.cancel());
  let unschedulable = node.spec?.unschedulable ?? false;
  const schedulable = every(clock, SCHEDULABLE_MS, () => {
    const current = options.currentNode?.();
    // The Node was deleted and made anew: it may have no status, or that of before.
    if (current && current.metadata.uid !== node.metadata.uid) postQuietly();
    const now = current?.spec?.unschedulable ?? false;
    if (now !== unschedulable) report(now ? "NodeNotSchedulable" : "NodeSchedulable");
    unschedulable = now;
  });
  scope.defer(() => schedulable.cancel());
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

function reportStatus(recorder: EventRecorder, name: string, reason: string): void {
  recorder.event(nodeReference(name), "Normal", reason, `Node ${name} status is now: ${reason}`);
}

/** Records Events for what has changed between two statuses. */
function reportChanges(
  recorder: EventRecorder,
  name: string,
  before: NodeStatus | undefined,
  after: NodeStatus | undefined,
): void {
  const bootId = before?.nodeInfo?.bootID;
  if (bootId && bootId !== after?.nodeInfo?.bootID) {
    const message = `Node ${name} has been rebooted, boot id: ${after?.nodeInfo?.bootID}`;
    recorder.event(nodeReference(name), "Warning", "Rebooted", message);
  }
  for (const reason of conditionEvents(before?.conditions, after?.conditions ?? [])) {
    reportStatus(recorder, name, reason);
  }
}
