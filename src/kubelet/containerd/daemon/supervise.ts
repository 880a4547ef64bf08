import { every, type Clock, type Log, type Scope } from "#base";
import { boundLog, findDaemon, isAlive, noteDaemon, spawnDaemon, type DaemonProcess } from "./daemon-process.ts";
import type { Layout } from "./layout.ts";

export interface SuperviseOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly layout: Layout;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
  /** Called before it is started again, and what it returns afterwards. */
  readonly beforeRestart?: () => Promise<() => Promise<void>>;
}

export interface Supervised {
  /** From now on its exit is expected. */
  release(): Promise<void>;
}

/** A daemon that was taken over is no child of ours: its exit raises no event. */
const LOOK_MS = 1000;
const LOG_LOOK_MS = 60_000;
const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 10_000;
/** After running for this long a daemon counts as well. */
const WELL_MS = 60_000;

/** How long to wait until a daemon is started again: at once after it has run well, then longer and longer. */
export function nextBackOff(before: number, ranMs: number): number {
  if (ranMs >= WELL_MS) return FIRST_BACK_OFF_MS;
  return Math.min(MAX_BACK_OFF_MS, Math.max(FIRST_BACK_OFF_MS, before * 2));
}

/** Keeps the daemon running until the scope closes, which does not stop it. */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const { command, args, layout, clock, log } = options;
  const scope = options.scope.child("containerd");
  const start = () => spawnDaemon(command, args, layout);

  const running = await findDaemon(layout.pid, layout.config);
  // The process that started it may not have come so far.
  if (running !== undefined) await noteDaemon(layout.pid, running);
  let current: DaemonProcess = running === undefined ? await start() : { pid: running };
  log.info(running === undefined ? "containerd started" : "containerd taken over", { pid: current.pid });

  const bounding = every(clock, LOG_LOOK_MS, () => {
    boundLog(layout.log).catch((error: unknown) => log.warn("containerd's log could not be cut", { error }));
  });
  scope.defer(() => bounding.cancel());
  scope.run("watch", async (signal) => {
    let backOff = 0;
    for (;;) {
      const since = clock.monotonic();
      await untilEnded(current, clock, signal);
      if (signal.aborted) return;
      backOff = nextBackOff(backOff, clock.monotonic() - since);
      log.warn("containerd has ended; it is started again", { pid: current.pid, afterMs: backOff, log: layout.log });
      await pause(clock, backOff, signal);
      if (signal.aborted) return;
      try {
        const afterwards = await options.beforeRestart?.();
        current = await start();
        if (afterwards) scope.run("after a restart", afterwards, (error) => log.warn("after a restart", { error }));
      } catch (error) {
        log.error("containerd could not be started", { error });
      }
    }
  });
  return { release: () => scope.close() };
}

async function untilEnded({ pid, ended }: DaemonProcess, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ended) {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const onAbort = () => resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) resolve();
    await Promise.race([ended, aborted]);
    signal.removeEventListener("abort", onAbort);
    return;
  }
  while (!signal.aborted && (await isAlive(pid))) await pause(clock, LOOK_MS, signal);
}

/** Waits, but not longer than until the signal aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
