import type { Clock } from "#base";
import type { Probe } from "#objects";
import type { ProbeOutcome } from "../runtime.ts";
import { startProber, type ProbeKind } from "./prober.ts";

export interface Prober {
  stop(): void;
}

export interface ContainerProbesOptions {
  readonly probes: {
    readonly startup?: Probe | undefined;
    readonly readiness?: Probe | undefined;
    readonly liveness?: Probe | undefined;
  };
  /** The container had passed its startup probe when it was taken over. */
  readonly startedBefore: boolean;
  readonly clock: Clock;
  readonly ask: (probe: Probe) => Promise<ProbeOutcome>;
  /** The startup probe passed; `ready` when no readiness probe follows. */
  readonly onStarted: (ready: boolean) => void;
  readonly onReady: (ready: boolean) => void;
  /** The liveness or startup probe failed for good: the container must be restarted. */
  readonly onUnhealthy: (kind: "liveness" | "startup") => void;
  readonly onFailure: (kind: ProbeKind, message: string) => void;
}

/** Runs all probes of one running container: startup first, the others once it has passed. */
export function containerProbes(options: ContainerProbesOptions): Prober {
  const { probes, clock, ask } = options;
  const running: Prober[] = [];
  const begin = (kind: ProbeKind, probe: Probe, onVerdict: (healthy: boolean) => void) => {
    running.push(
      startProber({
        kind,
        probe,
        clock,
        ask: () => ask(probe),
        onVerdict,
        onFailure: (message) => options.onFailure(kind, message),
      }),
    );
  };
  const beginOthers = () => {
    if (probes.readiness) begin("readiness", probes.readiness, options.onReady);
    if (probes.liveness) begin("liveness", probes.liveness, (healthy) => !healthy && options.onUnhealthy("liveness"));
  };
  if (probes.startup && !options.startedBefore) {
    begin("startup", probes.startup, (healthy) => {
      if (!healthy) {
        options.onUnhealthy("startup");
        return;
      }
      options.onStarted(probes.readiness === undefined);
      beginOthers();
    });
  } else beginOthers();
  return {
    stop() {
      for (const prober of running) prober.stop();
    },
  };
}
