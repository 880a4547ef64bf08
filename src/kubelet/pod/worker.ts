import type { Clock, Log } from "#base";
import type { Client, EventRecorder } from "#client";
import {
  formatTime,
  hasReason,
  isPodTerminal,
  PODS,
  type ContainerStateTerminated,
  type Pod,
  type PodStatus,
} from "#objects";
import { containerProbes, type Prober } from "../probe/container-probes.ts";
import type { AnyContainer, ContainerExit, Runtime } from "../runtime.ts";
import { FORGIVEN_AFTER_MS, backOffAfter, nextBackOff } from "./back-off.ts";
import { aboutContainer } from "./about.ts";
import { ensureImage } from "./image.ts";
import { planPod, type Step } from "./plan.ts";
import { statusOf, sameStatus } from "./status.ts";
import { containerView, withContainer, type PodView } from "./view.ts";

export interface WorkerContext {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeIps: readonly string[];
  /** Called once nothing is left of the pod. */
  readonly onGone: (uid: string) => void;
  /** Called after an image arrived, so that the node's status can list it. */
  readonly onImages: () => void;
}

/**
 * Looks after one pod on this node from its first sight to its end. Everything it knows is its view; whatever
 * happens changes the view, and then the plan says what is next.
 */
export class PodWorker {
  readonly #context: WorkerContext;
  #view: PodView;
  #probers = new Map<string, Prober>();
  #inFlight = new Set<string>();
  #timer: { cancel(): void } | undefined;
  #writing = false;
  #closed = false;
  /** The status that the API is known to have, when this worker wrote it last. */
  #written: PodStatus | undefined;

  constructor(pod: Pod, context: WorkerContext) {
    this.#context = context;
    const startTime = pod.status?.startTime ? Date.parse(pod.status.startTime) : context.clock.now();
    this.#view = { pod, sandbox: { state: "none" }, containers: new Map(), startTime };
  }

  get uid(): string {
    return this.#view.pod.metadata.uid ?? "";
  }

  get view(): PodView {
    return this.#view;
  }

  /** Begins: what an earlier kubelet left running is taken over. */
  async start(): Promise<void> {
    const adopted = await this.#context.runtime.adopt(this.#view.pod);
    if (adopted) {
      this.#view = { ...this.#view, sandbox: { state: "ready", sandbox: adopted.sandbox } };
      for (const status of allStatuses(this.#view.pod)) {
        const running = adopted.running.get(status.name);
        const last = status.lastState?.terminated;
        this.#view = withContainer(this.#view, status.name, {
          restarts: status.restartCount,
          ...(last ? { last } : {}),
          ...(running
            ? {
                image: { state: "present", id: running.imageId },
                run: {
                  state: "running",
                  ...running,
                  started: status.started ?? true,
                  ready: status.ready,
                  stopping: false,
                },
              }
            : status.state?.terminated
              ? {
                  run: {
                    state: "exited",
                    id: status.containerID ?? "",
                    terminated: status.state.terminated,
                    restartAt: 0,
                  },
                }
              : {}),
        });
        if (running) this.#startProbes(status.name);
      }
    }
    this.sync();
  }

  /** The pod changed at the API. */
  observe(pod: Pod): void {
    this.#view = { ...this.#view, pod };
    this.sync();
  }

  /** The API has forgotten the pod: whatever is left here ends at once. */
  forget(): void {
    if (this.#closed) return;
    const { pod } = this.#view;
    const gone = pod.metadata.deletionTimestamp ?? formatTime(this.#context.clock.now());
    this.#view = {
      ...this.#view,
      pod: { ...pod, metadata: { ...pod.metadata, deletionTimestamp: gone, deletionGracePeriodSeconds: 0 } },
    };
    this.sync();
  }

  exited(exit: ContainerExit): boolean {
    for (const [name, { run }] of this.#view.containers) {
      if (run.state !== "running" || run.id !== exit.id) continue;
      this.#onExit(name, run.startedAt, exit);
      return true;
    }
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const prober of this.#probers.values()) prober.stop();
    this.#probers.clear();
  }

  sync(): void {
    if (this.#closed) return;
    const now = this.#context.clock.now();
    const plan = planPod(this.#view, now);
    this.#timer?.cancel();
    this.#timer =
      plan.requeueAt === undefined
        ? undefined
        : this.#context.clock.setTimeout(() => this.sync(), Math.max(1, plan.requeueAt - now));
    for (const step of plan.steps) this.#begin(step);
    void this.#writeStatus();
  }

  #update(change: (view: PodView) => PodView): void {
    this.#view = change(this.#view);
    this.sync();
  }

  #begin(step: Step): void {
    const id =
      "container" in step
        ? `${step.type}/${step.container.name}`
        : "name" in step
          ? `${step.type}/${step.name}`
          : step.type;
    if (this.#inFlight.has(id)) return;
    this.#inFlight.add(id);
    this.#carryOut(step)
      .catch((error: unknown) => {
        this.#context.log.error("pod step failed", { pod: this.uid, step: id, error });
      })
      .finally(() => {
        this.#inFlight.delete(id);
        this.sync();
      })
      .catch(() => {});
  }

  async #carryOut(step: Step): Promise<void> {
    switch (step.type) {
      case "create-sandbox":
        return this.#createSandbox();
      case "remove-sandbox":
        return this.#removeSandbox();
      case "pull-image":
        return this.#pullImage(step.container);
      case "start-container":
        return this.#startContainer(step.container);
      case "stop-container":
        return this.#stopContainer(step.name, step.id, step.graceSeconds);
      case "end":
        this.#context.recorder.event(this.#view.pod, "Normal", step.reason, step.message);
        this.#view = { ...this.#view, ending: { reason: step.reason, message: step.message } };
        return;
      case "finish-deletion":
        return this.#finishDeletion();
    }
  }

  async #createSandbox(): Promise<void> {
    const before = this.#view.sandbox;
    const attempts = before.state === "failed" ? before.attempts + 1 : 1;
    this.#view = { ...this.#view, sandbox: { state: "creating" } };
    try {
      const sandbox = await this.#context.runtime.createSandbox(this.#view.pod);
      this.#view = { ...this.#view, sandbox: { state: "ready", sandbox } };
    } catch (error) {
      const message = `Failed to create pod sandbox: ${textOf(error)}`;
      this.#context.recorder.event(this.#view.pod, "Warning", "FailedCreatePodSandBox", message);
      const retryAt = this.#context.clock.now() + backOffAfter(attempts);
      this.#view = { ...this.#view, sandbox: { state: "failed", message, retryAt, attempts } };
    }
  }

  async #removeSandbox(): Promise<void> {
    const { sandbox } = this.#view;
    if (sandbox.state !== "ready") return;
    this.#view = { ...this.#view, sandbox: { state: "removing" } };
    await this.#context.runtime.removeSandbox(sandbox.sandbox.id);
    this.#view = { ...this.#view, sandbox: { state: "removed" } };
  }

  async #pullImage(container: AnyContainer): Promise<void> {
    const before = containerView(this.#view, container.name).image;
    if (before.state !== "unknown" && before.state !== "failed") return;
    this.#view = withContainer(this.#view, container.name, { image: { state: "pulling" } });
    void this.#writeStatus();
    const image = await ensureImage(this.#view.pod, container, before, this.#context, (shown) =>
      this.#update((view) => withContainer(view, container.name, { image: shown })),
    );
    this.#view = withContainer(this.#view, container.name, { image });
    if (image.state === "present") this.#context.onImages();
  }

  async #startContainer(container: AnyContainer): Promise<void> {
    const { name } = container;
    const { run, restarts, image } = containerView(this.#view, name);
    const { sandbox, pod } = this.#view;
    if (sandbox.state !== "ready" || image.state !== "present" || run.state === "starting" || run.state === "running")
      return;
    const { recorder, runtime, clock } = this.#context;
    const again = run.state === "exited";
    const attempt = again ? restarts + 1 : restarts;
    this.#view = withContainer(this.#view, name, {
      run: { state: "starting" },
      restarts: attempt,
      ...(again ? { last: run.terminated } : {}),
    });
    try {
      const started = await runtime.startContainer({ pod, sandbox: sandbox.sandbox, container, attempt });
      recorder.event(aboutContainer(pod, name), "Normal", "Created", "Container created");
      recorder.event(aboutContainer(pod, name), "Normal", "Started", "Container started");
      const probes = this.#probesOf(container);
      this.#view = withContainer(this.#view, name, {
        run: {
          state: "running",
          ...started,
          started: probes.startup === undefined,
          ready: probes.startup === undefined && probes.readiness === undefined,
          stopping: false,
        },
      });
      this.#startProbes(name);
    } catch (error) {
      const reason = (error as { reason?: string }).reason ?? "RunContainerError";
      recorder.event(aboutContainer(pod, name), "Warning", "Failed", `Error: ${textOf(error)}`);
      const attempts = run.state === "failed" ? run.attempts + 1 : 1;
      this.#view = withContainer(this.#view, name, {
        run: {
          state: "failed",
          reason,
          message: textOf(error),
          retryAt: clock.now() + backOffAfter(attempts),
          attempts,
        },
        restarts,
      });
    }
  }

  async #stopContainer(name: string, id: string, graceSeconds: number): Promise<void> {
    const { run } = containerView(this.#view, name);
    if (run.state !== "running" || run.id !== id) return;
    this.#probers.get(name)?.stop();
    this.#probers.delete(name);
    this.#view = withContainer(this.#view, name, { run: { ...run, stopping: true } });
    const { pod } = this.#view;
    this.#context.recorder.event(aboutContainer(pod, name), "Normal", "Killing", `Stopping container ${name}`);
    await this.#context.runtime.stopContainer(id, graceSeconds);
  }

  #onExit(name: string, startedAt: number, exit: ContainerExit): void {
    const { clock, recorder } = this.#context;
    this.#probers.get(name)?.stop();
    this.#probers.delete(name);
    const before = containerView(this.#view, name);
    const forgiven = exit.finishedAt - startedAt >= FORGIVEN_AFTER_MS;
    // The first restart comes at once; what crashes again waits.
    const wait = forgiven || before.restarts === 0 ? 0 : nextBackOff(before.backOffMs);
    const terminated: ContainerStateTerminated = {
      exitCode: exit.exitCode,
      reason: exit.reason,
      ...(exit.message ? { message: exit.message } : {}),
      startedAt: formatTime(startedAt),
      finishedAt: formatTime(exit.finishedAt),
      containerID: exit.id,
    };
    const { pod } = this.#view;
    if (wait > 0 && !pod.metadata.deletionTimestamp && pod.spec?.restartPolicy !== "Never") {
      const { name: podName, namespace, uid } = pod.metadata;
      recorder.event(
        aboutContainer(pod, name),
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${uid})`,
      );
    }
    this.#update((view) =>
      withContainer(view, name, {
        image: { state: "unknown" },
        run: { state: "exited", id: exit.id, terminated, restartAt: clock.now() + wait },
        backOffMs: wait,
      }),
    );
  }

  async #finishDeletion(): Promise<void> {
    const { namespace = "", name = "", uid = "" } = this.#view.pod.metadata;
    await this.#writeStatus();
    try {
      await this.#context.client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Somebody else has finished it, or another pod has its name by now.
      if (!hasReason(error, "NotFound", "Conflict")) throw error;
    }
    this.close();
    this.#context.onGone(uid);
  }

  #probesOf(container: AnyContainer) {
    return {
      startup: container.startupProbe,
      readiness: container.readinessProbe ?? this.#context.runtime.implicitReadinessProbe?.(this.#view.pod, container),
      liveness: container.livenessProbe,
    };
  }

  #startProbes(name: string): void {
    const { pod } = this.#view;
    const container = findContainer(pod, name);
    const { run } = containerView(this.#view, name);
    if (!container || run.state !== "running") return;
    const setRun = (change: { started?: boolean; ready?: boolean }) => {
      const now = containerView(this.#view, name).run;
      if (now.state !== "running" || now.id !== run.id) return;
      this.#update((view) => withContainer(view, name, { run: { ...now, ...change } }));
    };
    const prober = containerProbes({
      probes: this.#probesOf(container),
      startedBefore: run.started,
      clock: this.#context.clock,
      ask: (probe) => this.#context.runtime.probe(run.id, probe, this.#view.pod),
      onStarted: (ready) => setRun({ started: true, ready }),
      onReady: (ready) => setRun({ ready }),
      onUnhealthy: (kind) => {
        const failed = kind === "liveness" ? "liveness" : "startup";
        this.#context.recorder.event(
          aboutContainer(this.#view.pod, name),
          "Normal",
          "Killing",
          `Container ${name} failed ${failed} probe, will be restarted`,
        );
        const grace =
          container.livenessProbe?.terminationGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
        void this.#stopContainer(name, run.id, grace);
      },
      onFailure: (kind, message) => {
        const label = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
        this.#context.recorder.event(
          aboutContainer(this.#view.pod, name),
          "Warning",
          "Unhealthy",
          `${label} probe failed: ${message}`,
        );
      },
    });
    this.#probers.set(name, prober);
  }

  /** Brings the API's status up to the view; one write at a time, the last state wins. */
  async #writeStatus(): Promise<void> {
    if (this.#writing || this.#closed) return;
    this.#writing = true;
    try {
      for (;;) {
        const { pod } = this.#view;
        if (isPodTerminal(pod) && this.#view.sandbox.state === "none") return;
        const status = statusOf(this.#view, { ips: this.#context.nodeIps }, this.#context.clock.now());
        if (sameStatus(status, pod.status) || sameStatus(status, this.#written)) return;
        const written = await this.#context.client.update(PODS, { ...pod, status }, { subresource: "status" });
        this.#written = status;
        if (newer(written, this.#view.pod)) this.#view = { ...this.#view, pod: written };
      }
    } catch (error) {
      // Someone else wrote meanwhile: their change arrives through the watch, and with it the next attempt.
      if (!hasReason(error, "Conflict", "NotFound"))
        this.#context.log.warn("writing a pod's status failed", { pod: this.uid, error });
    } finally {
      this.#writing = false;
    }
  }
}

const newer = (a: Pod, b: Pod) => Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion);
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function findContainer(pod: Pod, name: string): AnyContainer | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].find((container) => container.name === name);
}

const allStatuses = ({ status }: Pod) => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
  ...(status?.ephemeralContainerStatuses ?? []),
];
