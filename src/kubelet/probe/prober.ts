import type { Clock, Timer } from "#base";
import type { Probe } from "#objects";
import type { ProbeOutcome } from "../runtime.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

export interface ProberOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly ask: () => Promise<ProbeOutcome>;
  /** Called when the verdict turns: so many successes or failures in a row as the thresholds say. */
  readonly onVerdict: (healthy: boolean, message: string) => void;
  /** Called on every failure, for the Event. */
  readonly onFailure: (message: string) => void;
}

/** How far a probe is: consecutive outcomes and the verdict that holds. */
export interface ProbeState {
  readonly inARow: number;
  readonly last: boolean | undefined;
  readonly verdict: boolean | undefined;
}

/** A readiness or startup probe starts out failed, a liveness probe passed (upstream prober worker). */
export const initialProbeState = (kind: ProbeKind): ProbeState => ({
  inARow: 0,
  last: undefined,
  verdict: kind === "liveness",
});

/** Counts an outcome; the verdict turns once the threshold of equal outcomes in a row is reached. */
export function stepProbe(state: ProbeState, probe: Probe, success: boolean): ProbeState {
  const inARow = state.last === success ? state.inARow + 1 : 1;
  const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { inARow, last: success, verdict: inARow >= threshold ? success : state.verdict };
}

/** Probes one running container until stopped. */
export function startProber(options: ProberOptions): { stop(): void } {
  const { kind, probe, clock } = options;
  let state = initialProbeState(kind);
  let timer: Timer | undefined;
  let stopped = false;

  const schedule = (ms: number) => {
    timer = clock.setTimeout(() => void tick(), ms);
  };
  const tick = async () => {
    let outcome: ProbeOutcome;
    try {
      outcome = await options.ask();
    } catch (error) {
      outcome = { success: false, message: error instanceof Error ? error.message : String(error) };
    }
    if (stopped) return;
    const before = state.verdict;
    state = stepProbe(state, probe, outcome.success);
    if (!outcome.success) options.onFailure(outcome.message ?? "");
    if (state.verdict !== before && state.verdict !== undefined)
      options.onVerdict(state.verdict, outcome.message ?? "");
    if (stopped || (kind === "startup" && state.verdict)) return;
    const period = (probe.periodSeconds ?? 10) * 1000;
    // Nothing can change for a while and the verdict stands: asking on would only keep the machine awake.
    const settled = state.verdict === outcome.success ? (outcome.steadyUntil ?? 0) - clock.now() : 0;
    if (settled !== Infinity) schedule(Math.max(period, settled));
  };

  schedule((probe.initialDelaySeconds ?? 0) * 1000);
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
