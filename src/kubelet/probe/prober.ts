import { messageOf, type Clock, type Timer } from "#base";
import type { Probe } from "#objects";
import type { ProbeOutcome } from "../runtime.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

export interface ProberOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  /** When it first asks, milliseconds since the epoch. */
  readonly firstAt: number;
  /** The verdict that holds before the first outcome; undefined: none yet. */
  readonly verdict: boolean | undefined;
  readonly ask: () => Promise<ProbeOutcome>;
  /** Called when the verdict turns: so many successes or failures in a row as the thresholds say. */
  readonly onVerdict: (healthy: boolean) => void;
  /** Called on every outcome that has something to say, for the Event. */
  readonly onTold: (outcome: ProbeOutcome) => void;
}

/** How far a probe is: consecutive outcomes and the verdict that holds. */
export interface ProbeState {
  readonly inARow: number;
  readonly last: boolean | undefined;
  readonly verdict: boolean | undefined;
}

/** Counts an outcome; the verdict turns once the threshold of equal outcomes in a row is reached (upstream prober worker). */
export function stepProbe(state: ProbeState, probe: Probe, success: boolean): ProbeState {
  const inARow = state.last === success ? state.inARow + 1 : 1;
  const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { inARow, last: success, verdict: inARow >= threshold ? success : state.verdict };
}

export interface Prober {
  stop(): void;
}

/** Probes one running container until stopped. Startup and liveness probes end with their verdict. */
export function startProber(options: ProberOptions): Prober {
  const { kind, probe, clock } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let state: ProbeState = { inARow: 0, last: undefined, verdict: options.verdict };
  let timer: Timer | undefined;
  let stopped = false;

  /** On a clock that is never set, when it is then on the wall. */
  const measured = (at: number) => clock.monotonic() + (at - clock.now());
  /** When it was, or should have been, asked last. */
  let due = measured(options.firstAt);

  /** As a ticker does: in step with the first time, however long each takes; one that is late comes at once. */
  const schedule = (notBefore: number) => {
    const now = clock.monotonic();
    due += periodMs;
    if (due < now) due += Math.floor((now - due) / periodMs) * periodMs;
    due = Math.max(due, notBefore);
    timer = clock.setTimeout(() => void tick(), Math.max(0, due - now));
  };
  const ask = async (): Promise<ProbeOutcome> => {
    try {
      return await options.ask();
    } catch (error) {
      return { result: "unknown", message: messageOf(error) };
    }
  };
  const tick = async () => {
    const outcome = await ask();
    if (stopped) return;
    if (outcome.result !== "success" || outcome.message) options.onTold(outcome);
    if (outcome.result !== "unknown") {
      const success = outcome.result === "success";
      const before = state.verdict;
      state = stepProbe(state, probe, success);
      if (state.verdict !== undefined && state.verdict !== before) options.onVerdict(state.verdict);
      // A container that is to be restarted is left alone, and one that has started is not asked again.
      if (state.verdict === false && kind !== "readiness") return;
      if (state.verdict && kind === "startup") return;
    }
    if (stopped) return;
    // While nothing can change, asking on would only keep the machine awake.
    const steadyUntil = state.verdict && outcome.result === "success" ? (outcome.steadyUntil ?? 0) : 0;
    if (steadyUntil !== Infinity) schedule(steadyUntil === 0 ? 0 : measured(steadyUntil));
  };

  timer = clock.setTimeout(() => void tick(), Math.max(0, due - clock.monotonic()));
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
