import { createYielder, type Clock, type Log, type Random, type Scope, type Yielder } from "#base";
import { createCaches, createSeriesRecorder, type Cache, type Change, type Client, type SharedCaches } from "#client";
import { keyOf, NAMESPACES, NODES, PODS, type KubeObject } from "#objects";
import { Bindings } from "./bindings.ts";
import { createDefaultSelector } from "./default-selector.ts";
import { observeStorage, STORAGE_KINDS } from "./observe-storage.ts";
import { createObserver, type Observer } from "./observe.ts";
import { defaultPlugins } from "./plugins/default-plugins.ts";
import { createPreemptor } from "./preemption/preempt.ts";
import { isStorageEvent, type ClusterEvent } from "./queue/cluster-event.ts";
import { isGated } from "./queue/scheduling-queue.ts";
import { SchedulingCycle } from "./scheduling-cycle.ts";
import { SchedulingLoop } from "./scheduling-loop.ts";
import { createSchedulingState } from "./scheduling-state.ts";
import { createUnscheduledReporter } from "./unscheduled.ts";
import type { Storage } from "./volumes/storage.ts";
import type { Waiters } from "./volumes/waiters.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops the scheduler. */
  readonly scope: Scope;
  /** Shared with other components of the process; its own when absent. */
  readonly caches?: SharedCaches;
  /** The machine that it runs on, for its Events; default `knarr`. */
  readonly host?: string;
  /** Pods that name one of these in `spec.schedulerName` are scheduled; default: `default-scheduler`. */
  readonly schedulerNames?: readonly string[];
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
const GATED = "Scheduling is blocked due to non-empty scheduling gates";

/** Starts a scheduler: it binds every pod that names it in `spec.schedulerName` to a node. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { client, clock, random, log, scope, host = "knarr", schedulerNames = [DEFAULT_NAME] } = options;
  const { signal } = scope;
  const caches = options.caches ?? createCaches({ client, scope, clock, random, log });
  const controller = schedulerNames[0] ?? DEFAULT_NAME;
  const recorder = createSeriesRecorder({ client, controller, host, clock, random, log, scope });
  const state = createSchedulingState(caches);
  const { snapshot, queue, nominations, memo, binding, storage } = state;
  const common = { client, caches, recorder, clock, random, log, scope, signal, ...state };
  const plugins = defaultPlugins(createDefaultSelector(caches), storage);
  const yielder = createYielder(clock, signal);
  const reporter = createUnscheduledReporter(common);

  const notify = (event: ClusterEvent) => {
    // It remembers no pods with volumes that matter.
    if (event.type !== "pod-placed" && !isStorageEvent(event)) memo.forget();
    if (queue.notify(event, clock.monotonic()) > 0) loop.wake();
  };
  const observer = createObserver({
    snapshot,
    queue,
    isOurs: ({ spec }) => schedulerNames.includes(spec?.schedulerName ?? DEFAULT_NAME),
    now: () => clock.monotonic(),
    binding,
    onWaiting(info, previous) {
      if (isGated(info)) reporter.status(info, { reason: "SchedulingGated", message: GATED });
      const promised = info.pod.status?.nominatedNodeName ?? "";
      // What the API has not heard of yet stands: only a change that it tells counts.
      if (!previous || (previous.status?.nominatedNodeName ?? "") !== promised) nominations.set(info, promised);
      else nominations.set(info, nominations.nodeOf(info.uid) ?? "");
      loop.wake();
    },
    onSettled: (uid, pod) => cycle.endNomination(uid, pod),
    notify,
  });
  const bindings = new Bindings({
    ...common,
    state,
    pods: caches.of(PODS),
    observer,
    reporter,
    notify,
    onFailed: () => loop.wake(),
  });
  const cycle = new SchedulingCycle({
    ...common,
    state,
    plugins,
    preemptor: createPreemptor({ ...common, plugins, yielder, cancelBinding: (uid) => bindings.cancel(uid) }),
    reporter,
    notify,
    bind: (pod, node, reservation) => bindings.begin(pod, node, reservation),
  });
  const loop = new SchedulingLoop({
    ...common,
    queue,
    schedule: (pod) => cycle.schedule(pod),
    whenRoom: () => bindings.whenRoom(),
    yielder,
  });

  const started = observeCluster({ ...common, observer, notify, yielder }).then((known) => {
    if (known) loop.start();
  });
  started.catch(() => {});
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

interface ClusterObservation {
  readonly caches: SharedCaches;
  readonly observer: Observer;
  readonly storage: Storage;
  readonly waiters: Waiters;
  readonly notify: (event: ClusterEvent) => void;
  readonly yielder: Yielder;
  readonly scope: Scope;
}

/** Takes in the cluster as it is, and follows it from then on. Resolves to false when the scheduler stops before. */
async function observeCluster(observation: ClusterObservation): Promise<boolean> {
  const { caches, observer, yielder, scope } = observation;
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  const namespaces = caches.of(NAMESPACES);
  const storage = STORAGE_KINDS.map((type) => caches.of(type));
  await Promise.all([nodes, namespaces, pods, ...storage].map((cache) => cache.whenSynced()));
  if (scope.signal.aborted) return false;
  scope.defer(observeStorage(observation));
  const follow = async <T extends KubeObject>(cache: Cache<T>, listener: (change: Change<T>) => void) => {
    const present = [...cache.list()];
    scope.defer(cache.subscribe(listener, { replay: false }));
    for (const object of present) {
      // The listener has heard of one that has changed meanwhile.
      if (cache.get(keyOf(object)) === object) listener({ type: "added", object });
      await yielder();
    }
  };
  await follow(namespaces, observer.namespace);
  await follow(nodes, observer.node);
  await follow(pods, observer.pod);
  return true;
}
