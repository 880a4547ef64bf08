import { every, messageOf, sleep, type Clock, type Log, type Scope } from "#base";
import type { ContainerExit } from "#kubelet";
import type { ContainerStatus } from "../cri/messages.ts";
import { CALL_MS, type Cri } from "../cri/services.ts";
import { watchEvents } from "../events/watch.ts";
import { unlessGone } from "./ids.ts";

/** A container that runs, as far as we know. */
export interface Tracked {
  readonly id: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly name: string;
  readonly logPath: string;
  readonly exited: Promise<ContainerExit>;
}

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
  /** What became of a container that is no longer there: undefined. */
  readonly exitOf: (status: ContainerStatus | undefined, id: string, oom: boolean) => Promise<ContainerExit>;
  /** Called every now and then, after everything was looked at. */
  readonly onRelist: () => void;
}

/** Should an event get lost, it is noticed this much later. */
const RELIST_MS = 30_000;
/** CRI knows of an end a little later than containerd tells of it. */
const LOOK_AGAIN_MS = [5, 10, 20, 40, 80, 160, 320, 640, 1000, 2000, 5000];
/** That memory was short may be told a moment after the end that it brought about. */
const OOM_GRACE_MS = 50;
const SIGKILLED = 137;
/** Of so many that are not tracked it is remembered that their end was told. */
const MAX_STRANGERS = 1024;

interface Entry extends Tracked {
  readonly resolve: (exit: ContainerExit) => void;
  /** Set while its end is looked into. */
  settling: boolean;
  /** Containerd has told of its end while it was looked into. */
  told: boolean;
  oom: boolean;
}

/** Notices the end of containers and sandboxes: by containerd's events, and by asking now and then. */
export function createTracker(options: TrackerOptions): Tracker {
  const { cri, socket, clock, log } = options;
  const scope = options.scope.child("tracker");
  const { signal } = scope;
  const containers = new Map<string, Entry>();
  const sandboxes = new Map<string, { readonly lost: () => void; readonly ips: readonly string[] }>();
  /** Who is taken over may end just then, and events overtake answers. */
  const strangers = new Set<string>();
  const noteStranger = (id: string) => {
    strangers.add(id);
    if (strangers.size > MAX_STRANGERS) strangers.delete(strangers.values().next().value ?? id);
  };

  /** Asks until the container has ended, then tells. With `once`, it may also still run. */
  const settle = async (entry: Entry, once: boolean): Promise<void> => {
    if (entry.settling) {
      entry.told ||= !once;
      return;
    }
    entry.settling = true;
    entry.told = !once;
    try {
      for (const wait of LOOK_AGAIN_MS) {
        const found = await unlessGone(
          cri.call("RuntimeService.ContainerStatus", { containerId: entry.id }, { timeoutMs: CALL_MS, signal }),
        );
        const status = found?.status ?? undefined;
        if (status?.state === "CONTAINER_RUNNING" || status?.state === "CONTAINER_CREATED") {
          if (!entry.told) return;
          await sleep(clock, wait, signal);
          continue;
        }
        if (status?.state === "CONTAINER_UNKNOWN") {
          // Whether it still runs cannot be told: it must not.
          await unlessGone(
            cri.call("RuntimeService.StopContainer", { containerId: entry.id }, { timeoutMs: CALL_MS, signal }),
          );
          continue;
        }
        if (status?.exitCode === SIGKILLED && !entry.oom) await sleep(clock, OOM_GRACE_MS, signal);
        const exit = await options.exitOf(status, entry.id, entry.oom);
        containers.delete(entry.id);
        entry.resolve(exit);
        return;
      }
    } finally {
      entry.settling = false;
    }
  };
  const settleSafely = (entry: Entry, once: boolean) => {
    settle(entry, once).catch((error: unknown) => {
      if (!signal.aborted)
        log.debug("a container's end is looked at again later", { id: entry.id, error: messageOf(error) });
    });
  };

  const lookAtSandbox = async (id: string, once: boolean): Promise<void> => {
    for (const wait of LOOK_AGAIN_MS) {
      const found = await unlessGone(
        cri.call("RuntimeService.PodSandboxStatus", { podSandboxId: id }, { timeoutMs: CALL_MS, signal }),
      );
      const entry = sandboxes.get(id);
      if (!entry) return;
      if (found?.status?.state !== "SANDBOX_READY") {
        sandboxes.delete(id);
        entry.lost();
        return;
      }
      if (once) return;
      await sleep(clock, wait, signal);
    }
  };
  const lookAtSandboxSafely = (id: string, once: boolean) => {
    lookAtSandbox(id, once).catch((error: unknown) => {
      if (!signal.aborted) log.debug("a sandbox is looked at again later", { id, error: messageOf(error) });
    });
  };

  const relist = async (): Promise<void> => {
    const timeoutMs = CALL_MS;
    const before = [...containers.values()];
    const sandboxesBefore = [...sandboxes.keys()];
    const [listed, listedSandboxes] = await Promise.all([
      cri.call("RuntimeService.ListContainers", {}, { timeoutMs, signal }),
      cri.call("RuntimeService.ListPodSandbox", {}, { timeoutMs, signal }),
    ]);
    const alive = new Set(listed.containers.filter(({ state }) => state === "CONTAINER_RUNNING").map(({ id }) => id));
    for (const entry of before) if (!alive.has(entry.id)) settleSafely(entry, true);
    const ready = new Set(listedSandboxes.items.filter(({ state }) => state === "SANDBOX_READY").map(({ id }) => id));
    for (const id of sandboxesBefore) if (!ready.has(id)) lookAtSandboxSafely(id, true);
    options.onRelist();
  };
  const relistSafely = () => {
    relist().catch((error: unknown) => {
      if (!signal.aborted) log.debug("containers could not be listed", { error: messageOf(error) });
    });
  };

  scope.run("events", () =>
    watchEvents({
      socket,
      clock,
      log,
      signal,
      onGap: relistSafely,
      onEvent({ type, containerId }) {
        const entry = containers.get(containerId);
        if (type === "oom") {
          if (entry) entry.oom = true;
        } else if (entry) settleSafely(entry, false);
        else if (sandboxes.has(containerId)) lookAtSandboxSafely(containerId, false);
        else noteStranger(containerId);
      },
    }),
  );
  const relisting = every(clock, RELIST_MS, relistSafely);
  scope.defer(() => relisting.cancel());

  return {
    track(container) {
      const known = containers.get(container.id);
      if (known) return known;
      const { promise, resolve } = Promise.withResolvers<ContainerExit>();
      const entry: Entry = { ...container, exited: promise, resolve, settling: false, told: false, oom: false };
      containers.set(container.id, entry);
      if (strangers.delete(container.id)) settleSafely(entry, false);
      return entry;
    },
    find: (id) => containers.get(id),
    running: () => containers.values(),
    forget: (id) => void containers.delete(id),
    trackSandbox(id, ips) {
      const { promise, resolve } = Promise.withResolvers<void>();
      sandboxes.set(id, { lost: resolve, ips });
      if (strangers.delete(id)) lookAtSandboxSafely(id, false);
      return promise;
    },
    addressOf: (sandboxId) => sandboxes.get(sandboxId)?.ips[0],
    forgetSandbox: (id) => void sandboxes.delete(id),
  };
}
