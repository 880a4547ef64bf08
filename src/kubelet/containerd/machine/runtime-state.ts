/** One of the conditions that a CRI runtime reports of itself. */
export interface RuntimeCondition {
  /** RuntimeReady, NetworkReady … */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What is known of the runtime. */
export interface RuntimeState {
  /** When it was last well, in milliseconds on a clock that is never set. */
  readonly readyAt?: number;
  readonly runtime?: string;
  /** `unknown` until it was asked once. */
  readonly network?: string;
}

/** A runtime that has not answered for so long counts as down (upstream maxWaitForContainerRuntime). */
const DOWN_AFTER_MS = 30_000;

export const UNKNOWN_RUNTIME: RuntimeState = { network: "network state unknown" };

/** Takes an answer of the runtime in (upstream updateRuntimeUp). */
export function stepRuntime(state: RuntimeState, conditions: readonly RuntimeCondition[], now: number): RuntimeState {
  const problem = (type: string, what: string) => {
    const found = conditions.find((condition) => condition.type === type);
    return found?.status ? undefined : `${what} not ready: ${found ? shown(found) : "<nil>"}`;
  };
  const network = problem("NetworkReady", "container runtime network");
  const runtime = problem("RuntimeReady", "container runtime");
  const { readyAt } = runtime === undefined ? { readyAt: now } : state;
  return {
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(network === undefined ? {} : { network }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

const shown = ({ type, status, reason, message }: RuntimeCondition) =>
  `${type}=${status} reason:${reason} message:${message}`;

/** Why nothing can be run, in upstream's words (runtimeState); empty when it can. */
export function runtimeProblems({ readyAt, runtime, network }: RuntimeState, now: number): readonly string[] {
  return [
    ...(readyAt === undefined ? ["container runtime status check may not have completed yet"] : []),
    ...(readyAt !== undefined && now - readyAt >= DOWN_AFTER_MS ? ["container runtime is down"] : []),
    ...(runtime === undefined ? [] : [runtime]),
    ...(network === undefined ? [] : [network]),
  ];
}
