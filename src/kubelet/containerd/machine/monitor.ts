import { every, type Clock, type Log, type Scope } from "#base";
import type { NodeHealth, NodeMonitor } from "#kubelet";
import { equalJson } from "#objects";
import { describeShortage, isUnder, shortages, stepPressure, type PressureState } from "./pressure.ts";
import {
  runtimeProblems,
  stepRuntime,
  UNKNOWN_RUNTIME,
  type RuntimeCondition,
  type RuntimeState,
} from "./runtime-state.ts";
import { DEFAULT_THRESHOLDS, type Amount, type Signal, type Thresholds } from "./thresholds.ts";

/** Upstream's periods: the eviction manager's and that of updateRuntimeUp. */
const MEASURE_MS = 10_000;
const ASK_MS = 5_000;

export interface MonitorOptions {
  /** What is left of the machine: {@link measure}. */
  readonly measure: () => Promise<ReadonlyMap<Signal, Amount>>;
  /** What the runtime says of itself (CRI Status); rejects when it does not answer. */
  readonly runtimeStatus: () => Promise<readonly RuntimeCondition[]>;
  readonly thresholds?: Thresholds;
  /** Whether images have a disk of their own. Default false. */
  readonly imagesApart?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** Watches this machine and its runtime. Resolves once both have been looked at. */
export async function startNodeMonitor(options: MonitorOptions): Promise<NodeMonitor> {
  const { clock, log, scope, thresholds = DEFAULT_THRESHOLDS } = options;
  const listeners = new Set<() => void>();
  let pressure: PressureState = {};
  let runtime: RuntimeState = UNKNOWN_RUNTIME;
  let health: NodeHealth = judge();

  function judge(): NodeHealth {
    const now = clock.monotonic();
    return {
      memoryPressure: isUnder(pressure, "memory", now),
      diskPressure: isUnder(pressure, "disk", now),
      pidPressure: isUnder(pressure, "pid", now),
      problems: runtimeProblems(runtime, now),
    };
  }
  const look = () => {
    const next = judge();
    if (scope.signal.aborted || equalJson(next, health)) return;
    health = next;
    if (next.problems.length > 0) log.warn("the node cannot run pods", { problems: next.problems });
    for (const listener of listeners) listener();
  };
  let amounts: ReadonlyMap<Signal, Amount> = new Map();
  const measured = once(async () => {
    try {
      amounts = await options.measure();
      pressure = stepPressure(pressure, shortages(amounts, thresholds), clock.monotonic());
    } catch (error) {
      if (!scope.signal.aborted) log.warn("the machine could not be measured", { error });
    }
    look();
  });
  const asked = once(async () => {
    try {
      runtime = stepRuntime(runtime, await options.runtimeStatus(), clock.monotonic());
    } catch (error) {
      // How long it has been silent tells whether it is down.
      log.debug("the container runtime did not answer", { error });
    }
    look();
  });

  await Promise.all([measured(), asked()]);
  for (const [ms, task] of [
    [MEASURE_MS, measured],
    [ASK_MS, asked],
  ] as const) {
    const timer = every(clock, ms, () => void task());
    scope.defer(() => timer.cancel());
  }
  return {
    get health() {
      return health;
    },
    imagesApart: options.imagesApart ?? false,
    async look() {
      await measured();
      return shortages(amounts, thresholds).map((signal) => describeShortage(signal, amounts, thresholds));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A task that is not begun again while it still runs: a slow source is not asked more often. */
function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () =>
    (running ??= task().finally(() => {
      running = undefined;
    }));
}
