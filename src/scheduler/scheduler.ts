import { sleep, type Clock, type Log, type Random, type Scope, type Timer } from "#base";
import { createCaches, createRecorder, type Cache, type Change, type Client, type SharedCaches } from "#client";
import {
  keyOf,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  type KubeObject,
  type ResourceType,
} from "#objects";
import { bind } from "./bind.ts";
import { createBreather } from "./breather.ts";
import { decide, type Decision, type Diagnosis } from "./decide.ts";
import { createDefaultSelector } from "./default-selector.ts";
import { describeRefusal } from "./diagnosis.ts";
import type { PodInfo } from "./model/pod-info.ts";
import { createObserver } from "./observe.ts";
import { defaultPlugins } from "./plugins/default-plugins.ts";
import type { FilterPlugin } from "./plugins/plugin.ts";
import { volumeFilters } from "./plugins/volumes.ts";
import { tell, type UnscheduledStatus } from "./pod-status.ts";
import { Nominations, testWithNominated } from "./preemption/nominations.ts";
import { createPreemptor } from "./preemption/preempt.ts";
import type { Candidate } from "./preemption/victims.ts";
import type { ClusterEvent } from "./queue/events.ts";
import { isGated, SchedulingQueue, type QueuedPod } from "./queue/scheduling-queue.ts";
import { RefusalMemo } from "./refusal-memo.ts";
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
  /** Says which nodes can have the pod's volumes, in place of what is asked by default. */
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
/** Bindings under way: enough for the store to commit them in groups, few enough for a short turn. */
const MAX_BINDING = 32;
const GATED = "Scheduling is blocked due to non-empty scheduling gates";

/** Starts a scheduler: it gives every pod that asks for it a node. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { client, clock, random, log, scope, schedulerNames = [DEFAULT_NAME] } = options;
  const { signal } = scope;
  const caches = options.caches ?? createCaches({ client, scope, clock, random, log });
  const recorder = createRecorder({ client, component: schedulerNames[0] ?? DEFAULT_NAME, clock, random, log, scope });
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  const namespaces = caches.of(NAMESPACES);
  const plugins = defaultPlugins(createDefaultSelector(caches), options.volumes ?? volumeFilters(caches));

  const snapshot = new Snapshot();
  const queue = new SchedulingQueue(snapshot.namespaceLabels);
  const nominations = new Nominations();
  const memo = new RefusalMemo();
  const binding = new Set<string>();
  const breathe = createBreather(clock, signal);
  const preemptor = createPreemptor({
    client,
    caches,
    recorder,
    clock,
    random,
    log,
    snapshot,
    plugins,
    nominations,
    breathe,
  });
  let startIndex = 0;
  let ready = false;
  let running = false;
  let alarm: Timer | undefined;
  let whenLessBinding: (() => void) | undefined;

  const notify = (event: ClusterEvent) => {
    if (event.type !== "pod-placed") memo.forget();
    if (queue.notify(event, clock.monotonic()) > 0) kick();
  };

  const say = (pod: PodInfo, status: UnscheduledStatus) => {
    tell(client, pod.pod, status, clock.now()).catch((error: unknown) => {
      if (!signal.aborted) log.warn("a pod's status could not be written", { pod: pod.key, error });
    });
  };

  /** The pod needs no promised room any more: somebody else may have it. */
  const endNomination = (uid: string, pod: PodInfo | undefined) => {
    if (nominations.remove(uid) && pod) notify({ type: "pod-left", pod });
  };

  const observer = createObserver({
    snapshot,
    queue,
    isOurs: ({ spec }) => schedulerNames.includes(spec?.schedulerName ?? DEFAULT_NAME),
    now: () => clock.monotonic(),
    binding,
    onWaiting(info, previous) {
      if (isGated(info)) say(info, { reason: "SchedulingGated", message: GATED });
      const promised = info.pod.status?.nominatedNodeName ?? "";
      // What the API has not heard of yet stands: only a change that it tells counts.
      if (!previous || (previous.status?.nominatedNodeName ?? "") !== promised) nominations.set(info, promised);
      else nominations.set(info, nominations.nodeOf(info.uid) ?? "");
      kick();
    },
    onSettled: endNomination,
    notify,
  });

  function kick(): void {
    if (running || !ready || signal.aborted) return;
    running = true;
    scope.run("schedule", loop, (error) => log.error("the scheduler failed", { error }));
  }

  async function loop(): Promise<void> {
    try {
      // What arrives together is looked at together, the most important first.
      await sleep(clock, 0, signal);
      queue.flush(clock.monotonic());
      for (let pod = queue.pop(clock.monotonic()); pod && !signal.aborted; pod = queue.pop(clock.monotonic())) {
        await schedule(pod);
        if (binding.size >= MAX_BINDING) await new Promise<void>((resolve) => (whenLessBinding = resolve));
        await breathe();
      }
    } finally {
      running = false;
      if (queue.ready(clock.monotonic())) kick();
      else setAlarm();
    }
  }

  function setAlarm(): void {
    alarm?.cancel();
    const due = queue.dueAt();
    if (due !== undefined && !signal.aborted) alarm = clock.setTimeout(kick, Math.max(1, due - clock.monotonic()));
  }

  async function schedule(queued: QueuedPod): Promise<void> {
    const { info } = queued;
    const known = memo.get(info);
    if (known) {
      queue.refused(queued, known.plugins, clock.monotonic());
      report(info, known.message);
      return;
    }
    let decision: Decision;
    try {
      decision = decide(info, snapshot, {
        plugins,
        random,
        startIndex,
        ...(nominations.size > 0 ? { nominated: nominatedFor(info) } : {}),
      });
    } catch (error) {
      log.error("a pod could not be scheduled", { pod: info.key, error });
      queue.failed(queued, clock.monotonic());
      return;
    }
    if (decision.type === "refused") {
      await refused(queued, decision.diagnosis);
      return;
    }
    startIndex = (startIndex + decision.evaluated) % Math.max(1, snapshot.nodes.length);
    const { name } = decision.node;
    const elsewhere = nominations.nodeOf(info.uid) !== name;
    if (nominations.remove(info.uid) && elsewhere) notify({ type: "pod-left", pod: info });
    snapshot.setPod(info, name);
    binding.add(info.uid);
    notify({ type: "pod-placed", pod: info });
    scope.run("bind", () => bindTo(queued, name));
  }

  const nominatedFor = (info: PodInfo) => ({
    concerns: ({ name }: { readonly name: string }) => nominations.ahead(info, name).length > 0,
    test: (node: Parameters<typeof testWithNominated>[1]) =>
      testWithNominated(info, node, nominations.ahead(info, node.name), snapshot, plugins),
  });

  async function refused(queued: QueuedPod, diagnosis: Diagnosis): Promise<void> {
    const { info } = queued;
    queue.refused(queued, diagnosis.plugins, clock.monotonic());
    const { result, tried } = await preemptor.search(info, diagnosis);
    // The pod may be gone by now, or be another one.
    if (queue.get(info.uid) !== queued || binding.has(info.uid)) return;
    if (result.type === "found") {
      report(info, describeRefusal(diagnosis), result.candidate.node.name);
      makeRoom(info, result.candidate);
      return;
    }
    const message = describeRefusal(diagnosis, result.message);
    if (result.type === "useless") endNomination(info.uid, info);
    if (!tried) memo.put(info, diagnosis, message);
    report(info, message, result.type === "useless" ? "" : undefined);
  }

  function makeRoom(info: PodInfo, candidate: Candidate): void {
    const { name } = candidate.node;
    nominations.set(info, name);
    for (const other of nominations.behind(info, name)) {
      nominations.remove(other.uid);
      const { reason, message } = other.pod.status?.conditions?.find(({ type }) => type === "PodScheduled") ?? {};
      if (reason === "Unschedulable") say(other, { reason, message: message ?? "", nominatedNodeName: "" });
    }
    scope.run("preempt", () => preemptor.evict(info, candidate));
  }

  function report(info: PodInfo, message: string, nominatedNodeName?: string): void {
    recorder.event(info.pod, "Warning", "FailedScheduling", message);
    say(info, {
      reason: "Unschedulable",
      message,
      ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
    });
  }

  async function bindTo(queued: QueuedPod, node: string): Promise<void> {
    const { info } = queued;
    const result = await bind(info, node, { client, caches, recorder, clock, log, signal });
    binding.delete(info.uid);
    whenLessBinding?.();
    whenLessBinding = undefined;
    if (signal.aborted) return;
    if (result.type === "bound") {
      queue.remove(info.uid);
      return;
    }
    // If it is on a node after all, the watch tells.
    const current = pods.get(info.key);
    if (current?.metadata.uid === info.uid && current.spec?.nodeName) return;
    if (snapshot.removePod(info.uid)) notify({ type: "pod-left", pod: info });
    if (result.type === "moot") {
      queue.remove(info.uid);
      return;
    }
    // What it has become while nobody listened.
    if (current && current !== info.pod) observer.pod({ type: "modified", object: current, previous: info.pod });
    queue.failed(queued, clock.monotonic());
    kick();
  }

  const started = start();
  started.catch(() => {});
  async function start(): Promise<void> {
    const volumes = [PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES].map((type: ResourceType) =>
      caches.of(type),
    );
    await Promise.all([nodes, namespaces, pods, ...volumes].map((cache) => cache.whenSynced()));
    if (signal.aborted) return;
    scope.defer(() => alarm?.cancel());
    for (const cache of volumes) {
      scope.defer(cache.subscribe(() => notify({ type: "volume-changed" }), { replay: false }));
    }
    await takeIn(namespaces, observer.namespace);
    await takeIn(nodes, observer.node);
    await takeIn(pods, observer.pod);
    ready = true;
    kick();
  }

  /** Listens to a cache, and goes through what it has already, piece by piece. */
  async function takeIn<T extends KubeObject>(cache: Cache<T>, listener: (change: Change<T>) => void): Promise<void> {
    const there = [...cache.list()];
    scope.defer(cache.subscribe(listener, { replay: false }));
    for (const object of there) {
      // One that has changed meanwhile was heard of.
      if (cache.get(keyOf(object)) === object) listener({ type: "added", object });
      await breathe();
    }
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
