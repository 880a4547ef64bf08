import type { Clock, Timer } from "#base";
import type { AnyContainer, ContainerExit, LogLine, LogOptions, RunningContainer } from "#kubelet";
import { fullImageName, type Pod } from "#objects";
import { behaviourOf, timelineOf, type Behaviour } from "./behaviour.ts";
import { linesBetween, nextLineAt } from "./timeline.ts";

export interface SimulatedContainerOptions {
  readonly clock: Clock;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly behaviour: Behaviour;
  /** An exit without a message of its own shows the log's last lines when the container failed. */
  readonly logsAsMessage: boolean;
  /** It has ended already, like this. */
  readonly ended?: ContainerExit;
}

const SIGKILLED = 137;
/** As the kubelet cuts a log that serves as termination message. */
const MESSAGE_LINES = 80;
const MESSAGE_BYTES = 2048;

/** A run of a pod's container. */
export const describeRun = (
  pod: Pod,
  container: AnyContainer,
  run: Pick<SimulatedContainerOptions, "clock" | "id" | "attempt" | "startedAt">,
): SimulatedContainerOptions => ({
  ...run,
  name: container.name,
  image: container.image ?? "",
  behaviour: behaviourOf(pod, container),
  logsAsMessage: container.terminationMessagePolicy === "FallbackToLogsOnError",
});

/** What the kubelet is told of a run. A container without a readiness probe says itself when it is ready. */
export function reportRunning(run: SimulatedContainer, { image = "", readinessProbe }: AnyContainer): RunningContainer {
  const ready = readinessProbe ? undefined : run.ready;
  return {
    id: run.id,
    startedAt: run.startedAt,
    image: fullImageName(image),
    user: { linux: { uid: 0, gid: 0, supplementalGroups: [0] } },
    exited: run.exited,
    ...(ready ? { ready } : {}),
  };
}

/** A container that is nothing but timers. */
export class SimulatedContainer {
  readonly #options: SimulatedContainerOptions;
  readonly #end = Promise.withResolvers<ContainerExit>();
  #exit: ContainerExit | undefined;
  #exitTimer: Timer | undefined;
  #stopTimer: Timer | undefined;
  #readyTimer: Timer | undefined;

  constructor(options: SimulatedContainerOptions) {
    this.#options = options;
    const { clock, behaviour, startedAt, ended } = options;
    if (ended) {
      this.#exit = ended;
      this.#end.resolve(ended);
    } else if (behaviour.exit) {
      const { afterMs, code } = behaviour.exit;
      const at = startedAt + afterMs;
      // Timers can be a millisecond early by the wall clock; what it says at its end is said all the same.
      const end = () => this.#finish(code, Math.max(at, clock.now()));
      this.#exitTimer = clock.setTimeout(end, Math.max(1, at - clock.now()));
    }
  }

  get id(): string {
    return this.#options.id;
  }

  get name(): string {
    return this.#options.name;
  }

  get attempt(): number {
    return this.#options.attempt;
  }

  get startedAt(): number {
    return this.#options.startedAt;
  }

  get behaviour(): Behaviour {
    return this.#options.behaviour;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  get exited(): Promise<ContainerExit> {
    return this.#end.promise;
  }

  /** Whether the application has come up. */
  get answers(): boolean {
    return this.#options.clock.now() >= this.readyAt;
  }

  get readyAt(): number {
    return this.startedAt + this.behaviour.readyMs;
  }

  /** Resolves once the application has come up; absent when it is up at once. */
  get ready(): Promise<void> | undefined {
    const { clock, behaviour } = this.#options;
    if (behaviour.readyMs === 0) return undefined;
    return new Promise((resolve) => {
      if (behaviour.readyMs === Infinity) return;
      this.#readyTimer = clock.setTimeout(resolve, Math.max(0, this.readyAt - clock.now()));
    });
  }

  /** Asks it to end; of several calls the earliest end counts. */
  async stop(graceSeconds: number): Promise<void> {
    if (this.running) {
      const { clock, behaviour } = this.#options;
      const graceMs = graceSeconds * 1000;
      const obeys = !behaviour.ignoresTerm && behaviour.stopMs <= graceMs;
      const ms = obeys ? behaviour.stopMs : graceMs;
      this.#stopTimer?.cancel();
      this.#stopTimer = clock.setTimeout(() => this.#finish(obeys ? behaviour.stopCode : SIGKILLED, clock.now()), ms);
    }
    await this.#end.promise;
  }

  /** Takes its time off the clock; it stays as it is. */
  freeze(): void {
    for (const timer of [this.#exitTimer, this.#stopTimer, this.#readyTimer]) timer?.cancel();
  }

  async *logs({ follow, tailLines, since = 0, signal }: LogOptions): AsyncGenerator<LogLine> {
    const { clock, startedAt } = this.#options;
    const timeline = timelineOf(this.behaviour, this.name, this.#options.image);
    const line = ({ afterMs, text }: { readonly afterMs: number; readonly text: string }): LogLine => ({
      time: startedAt + afterMs,
      stream: "stdout",
      text,
    });
    const until = () => (this.#exit?.finishedAt ?? clock.now()) - startedAt;
    let shown = until();
    const before = linesBetween(timeline, since - startedAt, shown);
    for (const written of tailLines === undefined ? before : tailLines === 0 ? [] : before.slice(-tailLines)) {
      yield line(written);
    }
    let ended = !follow;
    while (!ended && !signal.aborted) {
      // It may have ended while the reader was busy with a line: the last lines are delivered all the same.
      ended = !this.running;
      if (!ended) await this.#untilLine(nextLineAt(timeline, shown), signal);
      const now = until();
      for (const written of linesBetween(timeline, shown, now)) if (written.afterMs > shown) yield line(written);
      shown = now;
    }
  }

  /** Waits for the next line, the end of the container, or the end of the reader's interest. */
  async #untilLine(afterMs: number | undefined, signal: AbortSignal): Promise<void> {
    const { clock, startedAt } = this.#options;
    let timer: Timer | undefined;
    let onAbort = () => {};
    await Promise.race([
      this.#end.promise,
      new Promise<void>((resolve) => {
        onAbort = resolve;
        signal.addEventListener("abort", onAbort, { once: true });
        if (afterMs !== undefined) timer = clock.setTimeout(resolve, Math.max(1, startedAt + afterMs - clock.now()));
      }),
    ]);
    timer?.cancel();
    signal.removeEventListener("abort", onAbort);
  }

  #finish(exitCode: number, finishedAt: number): void {
    if (this.#exit) return;
    this.freeze();
    const { id, startedAt } = this.#options;
    const message = exitCode === 0 ? undefined : this.#lastWords(finishedAt);
    this.#exit = {
      id,
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      ...(message ? { message } : {}),
      startedAt,
      finishedAt,
    };
    this.#end.resolve(this.#exit);
  }

  #lastWords(finishedAt: number): string | undefined {
    if (!this.#options.logsAsMessage) return undefined;
    const timeline = timelineOf(this.behaviour, this.name, this.#options.image);
    const lines = linesBetween(timeline, 0, finishedAt - this.startedAt).slice(-MESSAGE_LINES);
    return lines
      .map(({ text }) => `${text}\n`)
      .join("")
      .slice(-MESSAGE_BYTES);
  }
}
