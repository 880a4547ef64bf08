import { sleep, type Clock, type Log, type Random, type Scope, type Timer } from "#base";
import { createCaches, createRecorder, type Client, type SharedCaches } from "#client";
import { hasReason, NAMESPACES, NODES, PODS } from "#objects";
import { decide, type Decision } from "./decide.ts";
import { createDefaultSelector } from "./default-selector.ts";
import { describeRefusal } from "./diagnosis.ts";
import { createObserver } from "./observe.ts";
import { defaultPlugins } from "./plugins/default-plugins.ts";
import type { FilterPlugin } from "./plugins/plugin.ts";
import { tell } from "./pod-status.ts";
import type { ClusterEvent } from "./queue/events.ts";
import { isGated, SchedulingQueue, type QueuedPod } from "./queue/scheduling-queue.ts";
import { Snapshot } from "./snapshot/snapshot.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops the scheduler. */
  readonly scope: Scope;
  /** Shared with other components of the process; its own when absent. */
  readonly caches?: SharedCaches;
  /** Pods that name one of these in `spec.schedulerName` are scheduled; default: `default-scheduler`. */
  readonly schedulerNames?: readonly string[];
  /** Asked whether a node can have the pod's volumes, beside what is asked anyway. */
  readonly volumes?: readonly FilterPlugin[];
}

export interface Scheduler {
  /** Resolves once it knows the cluster and has begun. */
  whenStarted(): Promise<void>;
  /** Pods that have no node yet. */
  readonly waiting: number;
  /** Pods whose node is decided and being written. */
  readonly binding: number;
}

const DEFAULT_NAME = "default-scheduler";
/** A turn of the event loop ends after this long. */
const SLICE_MS = 5;
/** And after this many pods, also when the clock stands still. */
const SLICE_PODS = 200;
/** Bindings under way: enough for the store to commit them in groups, few enough for a short turn. */
const MAX_BINDING = 32;
const GATED = "Scheduling is blocked due to non-empty scheduling gates";

/** Starts a scheduler: it gives every pod that asks for it a node. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { client, clock, random, log, scope, schedulerNames = [DEFAULT_NAME] } = options;
  const caches = options.caches ?? createCaches({ client, scope, clock, random, log });
  const names = new Set(schedulerNames);
  const recorder = createRecorder({ client, component: schedulerNames[0] ?? DEFAULT_NAME, clock, random, log, scope });
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  const namespaces = caches.of(NAMESPACES);
  const plugins = defaultPlugins(createDefaultSelector(caches), options.volumes);

  const snapshot = new Snapshot();
  const queue = new SchedulingQueue(snapshot.namespaceLabels);
  const binding = new Set<string>();
  let startIndex = 0;
  let running = false;
  let timer: Timer | undefined;
  let whenLessBinding: (() => void) | undefined;

  const notify = (event: ClusterEvent) => {
    queue.notify(event, clock.now());
    kick();
  };

  const observer = createObserver({
    snapshot,
    queue,
    isOurs: ({ spec }) => names.has(spec?.schedulerName ?? DEFAULT_NAME),
    now: () => clock.now(),
    binding,
    onWaiting(info) {
      if (isGated(info)) say(info.pod, tell(client, info.pod, { reason: "SchedulingGated", message: GATED }, clock.now()));
      kick();
    },
    onSettled() {},
    notify,
  });

  const say = (about: unknown, telling: Promise<void>) => {
    telling.catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn("a pod's status could not be written", { about, error });
    });
  };

  function kick(): void {
    if (running || scope.signal.aborted) return;
    running = true;
    scope.run("schedule", loop, (error) => log.error("the scheduler failed", { error }));
  }

  async function loop(signal: AbortSignal): Promise<void> {
    try {
      await sleep(clock, 0, signal);
      let began = clock.monotonic();
      let tried = 0;
      queue.flush(clock.now());
      for (let pod = queue.pop(clock.now()); pod; pod = queue.pop(clock.now())) {
        schedule(pod);
        if (binding.size >= MAX_BINDING) await new Promise<void>((resolve) => (whenLessBinding = resolve));
        if (++tried >= SLICE_PODS || clock.monotonic() - began >= SLICE_MS) {
          await sleep(clock, 0, signal);
          began = clock.monotonic();
          tried = 0;
        }
        if (signal.aborted) return;
      }
    } finally {
      running = false;
      if (queue.ready(clock.now())) kick();
      else setAlarm();
    }
  }

  function setAlarm(): void {
    timer?.cancel();
    const due = queue.dueAt();
    if (due === undefined || scope.signal.aborted) return;
    timer = clock.setTimeout(kick, Math.max(1, due - clock.now()));
  }

  function schedule(queued: QueuedPod): void {
    const { info } = queued;
    let decision: Decision;
    try {
      decision = decide(info, snapshot, { plugins, random, startIndex });
    } catch (error) {
      log.error("a pod could not be scheduled", { pod: info.key, error });
      queue.failed(queued, clock.now());
      return;
    }
    if (decision.type === "refused") {
      queue.refused(queued, decision.diagnosis.plugins, clock.now());
      const message = describeRefusal(decision.diagnosis);
      recorder.event(info.pod, "Warning", "FailedScheduling", message);
      say(info.key, tell(client, info.pod, { reason: "Unschedulable", message }, clock.now()));
      return;
    }
    startIndex = (startIndex + decision.evaluated) % Math.max(1, snapshot.nodes.length);
    const { name } = decision.node;
    snapshot.setPod(info, name);
    binding.add(info.uid);
    scope.run("bind", () => bind(queued, name));
    queue.notify({ type: "pod-placed", pod: info }, clock.now());
  }

  async function bind(queued: QueuedPod, node: string): Promise<void> {
    const { info } = queued;
    const { namespace, uid } = info;
    const name = info.pod.metadata.name ?? "";
    try {
      await client.createSubresource(PODS, { namespace, name }, "binding", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace, uid },
        target: { apiVersion: "v1", kind: "Node", name: node },
      });
      queue.remove(uid);
      recorder.event(info.pod, "Normal", "Scheduled", `Successfully assigned ${info.key} to ${node}`);
    } catch (error) {
      unbound(queued, error);
    } finally {
      binding.delete(uid);
      whenLessBinding?.();
      whenLessBinding = undefined;
    }
  }

  /** The pod is not where it was thought to be. */
  function unbound(queued: QueuedPod, error: unknown): void {
    if (scope.signal.aborted) return;
    const { info } = queued;
    // The watch may have told otherwise meanwhile.
    const current = pods.get(info.key);
    if (current?.metadata.uid === info.uid && current.spec?.nodeName) return;
    snapshot.removePod(info.uid);
    notify({ type: "pod-left", pod: info });
    if (!current || current.metadata.uid !== info.uid || current.metadata.deletionTimestamp !== undefined) {
      queue.remove(info.uid);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (!hasReason(error, "NotFound", "Conflict")) log.warn("a pod could not be bound", { pod: info.key, error });
    queue.failed(queued, clock.now());
    recorder.event(info.pod, "Warning", "FailedScheduling", `binding rejected: ${message}`);
    setAlarm();
  }

  const started = start();
  started.catch(() => {});
  async function start(): Promise<void> {
    await Promise.all([nodes, pods, namespaces].map((cache) => cache.whenSynced()));
    if (scope.signal.aborted) return;
    scope.defer(() => timer?.cancel());
    scope.defer(namespaces.subscribe(observer.namespace));
    scope.defer(nodes.subscribe(observer.node));
    scope.defer(pods.subscribe(observer.pod));
    kick();
  }

  return {
    whenStarted: () => started,
    get waiting() {
      return queue.size - binding.size;
    },
    get binding() {
      return binding.size;
    },
  };
}
