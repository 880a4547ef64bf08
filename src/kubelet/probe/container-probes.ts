import type { Clock } from "#base";
import type { Probe } from "#objects";
import type { Happening } from "../pod/happening.ts";
import { containerView, findContainer, type PodView, type RunningView } from "../pod/view.ts";
import type { AnyContainer, Runtime } from "../runtime.ts";
import { startProber, type ProbeKind, type Prober } from "./prober.ts";

export interface PodProbesOptions {
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly view: () => PodView;
  readonly dispatch: (happening: Happening) => void;
  /** Milliseconds until the first probe of a container that an earlier kubelet started. */
  readonly spread: (periodMs: number) => number;
}

/** Probes a pod's containers, as the view says which of them run and how far they are. */
export interface PodProbes {
  /** The view has changed. */
  follow(): void;
  stop(): void;
}

interface Watched {
  readonly of: string;
  readonly probers: readonly Prober[];
}

/** Startup first, the others once it has passed; only readiness is still asked in a pod on its way out. */
export function createPodProbes(options: PodProbesOptions): PodProbes {
  const { view, clock, runtime, dispatch } = options;
  const watched = new Map<string, Watched>();

  const start = (kind: ProbeKind, probe: Probe | undefined, container: AnyContainer, run: RunningView): Prober[] => {
    if (!probe) return [];
    const { name } = container;
    const { id } = run;
    const delayed = run.startedAt + (probe.initialDelaySeconds ?? 0) * 1000;
    const now = clock.now();
    // One that has been running for long was taken over, together with many others.
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const firstAt = now - delayed > periodMs ? now + options.spread(periodMs) : delayed;
    return [
      startProber({
        kind,
        probe,
        clock,
        firstAt,
        // As upstream's prober: alive, not ready (unless it was before), and not known whether it has started.
        verdict: kind === "liveness" ? true : kind === "readiness" ? run.ready : undefined,
        ask: () => runtime.probe({ id, kind, probe, pod: view().pod, container, ip: ipOf(view()) }),
        onVerdict(healthy) {
          if (kind === "readiness") dispatch({ type: "readiness", name, id, ready: healthy });
          else if (!healthy) dispatch({ type: "unhealthy", name, id, probe: kind });
          else if (kind === "startup") dispatch({ type: "container-up", name, id });
        },
        onTold: (outcome) => dispatch({ type: "probe-told", name, id, probe: kind, outcome }),
      }),
    ];
  };

  const begin = (name: string, run: RunningView, dying: boolean): readonly Prober[] => {
    const container = findContainer(view().pod, name)?.container;
    if (!container) return [];
    const { startupProbe, readinessProbe, livenessProbe } = container;
    if (run.stage === "startup") return dying ? [] : start("startup", startupProbe, container, run);
    return [
      ...start("readiness", readinessProbe, container, run),
      ...(dying ? [] : start("liveness", livenessProbe, container, run)),
    ];
  };

  const stop = (name: string) => {
    for (const prober of watched.get(name)?.probers ?? []) prober.stop();
    watched.delete(name);
  };

  return {
    follow() {
      const dying = view().lifecycle.state !== "active";
      for (const name of watched.keys()) if (containerView(view(), name).run.state !== "running") stop(name);
      for (const [name, { run }] of view().containers) {
        if (run.state !== "running" || run.stage === "hook") continue;
        const of = `${run.id} ${run.stage} ${dying ? "dying" : ""}`;
        if (watched.get(name)?.of === of) continue;
        stop(name);
        const probers = begin(name, run, dying);
        watched.set(name, { of, probers });
      }
    },
    stop() {
      for (const name of watched.keys()) stop(name);
    },
  };
}

function ipOf({ sandbox }: PodView): string | undefined {
  return "sandbox" in sandbox ? sandbox.sandbox.ips[0] : undefined;
}
