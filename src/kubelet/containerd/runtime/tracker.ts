import { every, messageOf, type Clock, type Log, type Scope } from "#base";
import { CALL_MS, type Cri } from "../cri/services.ts";
import type { TaskEvent } from "../events/messages.ts";
import { watchEvents } from "../events/watch.ts";
import { ContainerEnds, type ContainerEndsOptions, type Tracked } from "./container-ends.ts";
import { SandboxEnds } from "./sandbox-ends.ts";

export interface Tracker {
  /** From now on its end is noticed. */
  track(container: Omit<Tracked, "exited">): Tracked;
  find(id: string): Tracked | undefined;
  running(): Iterable<Tracked>;
  /** It never ran. */
  forget(id: string): void;
  /** Resolves when the sandbox dies, unless it is forgotten before. */
  trackSandbox(id: string, ips: readonly string[]): Promise<void>;
  /** The first address of a sandbox. */
  addressOf(sandboxId: string): string | undefined;
  forgetSandbox(id: string): void;
}

export interface TrackerOptions {
  readonly cri: Cri;
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
  readonly exitOf: ContainerEndsOptions["exitOf"];
  /** Called every now and then, after everything was looked at. */
  readonly onRelist: () => void;
}

/** Should an event get lost, it is noticed this much later. */
const RELIST_MS = 30_000;
/** Of so many that are not tracked it is remembered that their end was told. */
const MAX_STRANGERS = 1024;

/** Notices the end of containers and sandboxes: by containerd's events, and by asking now and then. */
export function createTracker(options: TrackerOptions): Tracker {
  const { cri, socket, clock, log, exitOf } = options;
  const scope = options.scope.child("tracker");
  const { signal } = scope;
  const containers = new ContainerEnds({ cri, clock, log, signal, exitOf });
  const sandboxes = new SandboxEnds({ cri, clock, log, signal });
  const strangers = new Strangers();

  const relist = async (): Promise<void> => {
    const timeoutMs = CALL_MS;
    const before = { containers: [...containers.all()], sandboxes: [...sandboxes.ids()] };
    const [listed, listedSandboxes] = await Promise.all([
      cri.call("RuntimeService.ListContainers", {}, { timeoutMs, signal }),
      cri.call("RuntimeService.ListPodSandbox", {}, { timeoutMs, signal }),
    ]);
    const alive = new Set(listed.containers.filter(({ state }) => state === "CONTAINER_RUNNING").map(({ id }) => id));
    for (const { id } of before.containers) if (!alive.has(id)) containers.look(id, "once");
    const ready = new Set(listedSandboxes.items.filter(({ state }) => state === "SANDBOX_READY").map(({ id }) => id));
    for (const id of before.sandboxes) if (!ready.has(id)) sandboxes.look(id, "once");
    options.onRelist();
  };
  const relistSafely = () => {
    relist().catch((error: unknown) => {
      if (!signal.aborted) log.debug("containers could not be listed", { error: messageOf(error) });
    });
  };
  const onEvent = ({ type, containerId }: TaskEvent) => {
    if (type === "oom") containers.noteOutOfMemory(containerId);
    else if (containers.get(containerId)) containers.look(containerId, "until-ended");
    else if (sandboxes.has(containerId)) sandboxes.look(containerId, "until-ended");
    else strangers.add(containerId);
  };

  scope.run("events", () => watchEvents({ socket, clock, log, signal, onGap: relistSafely, onEvent }));
  const relisting = every(clock, RELIST_MS, relistSafely);
  scope.defer(() => relisting.cancel());

  return {
    track(container) {
      const tracked = containers.track(container);
      if (strangers.take(container.id)) containers.look(container.id, "until-ended");
      return tracked;
    },
    find: (id) => containers.get(id),
    running: () => containers.all(),
    forget: (id) => containers.forget(id),
    trackSandbox(id, ips) {
      const lost = sandboxes.track(id, ips);
      if (strangers.take(id)) sandboxes.look(id, "until-ended");
      return lost;
    },
    addressOf: (sandboxId) => sandboxes.addressOf(sandboxId),
    forgetSandbox: (id) => sandboxes.forget(id),
  };
}

/**
 * Those whose end was told while they were not tracked, the last of them: what is taken over may end just then, and
 * events overtake answers.
 */
class Strangers {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size > MAX_STRANGERS) this.#ids.delete(this.#ids.values().next().value ?? id);
  }

  /** Whether it is one; it is none any more. */
  take(id: string): boolean {
    return this.#ids.delete(id);
  }
}
