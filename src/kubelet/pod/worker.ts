import { sleep, type Clock, type Log, type Random, type Timer } from "#base";
import type { EventRecorder } from "#client";
import type { Pod } from "#objects";
import { createPodProbes, type PodProbes } from "../probe/container-probes.ts";
import type { Quantities } from "../environment/resources.ts";
import type { AdoptedPod, Runtime } from "../runtime.ts";
import type { PodSources, Sources } from "../sources.ts";
import type { Refusal } from "./refusal.ts";
import type { Volumes } from "../volumes.ts";
import { RETRY_MS } from "./back-off.ts";
import { carryOut, followSandbox, type EffectsContext } from "./effects.ts";
import { recordAll } from "./events.ts";
import type { Happening } from "./happening.ts";
import { isSettled, planPod } from "./plan.ts";
import type { PodRecord } from "./record.ts";
import { createStatusWriter, type StatusWriter } from "./status-writer.ts";
import { shiftTimes } from "./shift-times.ts";
import { stepId, type Step } from "./step.ts";
import { newView, transition } from "./transition.ts";
import { isOver, type PodView } from "./view.ts";

/** The runtime did not answer: it may be on its way back. */
const RETRY_AFTER_FAILURE_MS = 1_000;
/** Clocks that are kept right are moved by less at a time. */
const DRIFT_MS = 1_000;

export interface WorkerContext {
  /** Where it is recorded how the pod is. */
  readonly record: PodRecord;
  readonly runtime: Runtime;
  /** Absent: nothing that pods refer to is there. */
  readonly sources: Sources | undefined;
  /** Absent: pods get none. */
  readonly volumes: Volumes | undefined;
  /** What the node can give its pods. */
  readonly allocatable: () => Quantities;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeIps: readonly string[];
  /** Aborts when the kubelet stops. */
  readonly signal: AbortSignal;
  /** Why the node does not take the pod, if it does not. Not asked for pods that it has had before. */
  readonly admit: (pod: Pod) => Refusal | undefined | Promise<Refusal | undefined>;
  /** Called once the pod has no claim on the node any more: nothing of it runs, and nothing will. */
  readonly onOver: (uid: string) => void;
  /** Called once nothing is left of the pod here, nor soon at the API. */
  readonly onGone: (uid: string) => void;
  /** Called after an image arrived, so that the node's status can list it. */
  readonly onImages: () => void;
}

/**
 * Manages one pod on this node from its first sight to its end. Everything it knows is its view: whatever
 * happens changes the view (`transition`), and then the plan says what is next (`planPod`).
 */
export class PodWorker {
  readonly #context: WorkerContext;
  readonly #effects: EffectsContext;
  readonly #status: StatusWriter;
  readonly #probes: PodProbes;
  /** The steps being carried out, and those that wait after an unforeseen failure. */
  readonly #inFlight = new Set<string>();
  readonly #retries = new Set<Timer>();
  #view: PodView;
  /** Between the wall clock and the one that is never set. */
  #offset: number;
  #state: "adopting" | "running" | "closed" = "adopting";
  #timer: Timer | undefined;
  #settling = false;
  #sources: PodSources | undefined;

  constructor(pod: Pod, context: WorkerContext) {
    this.#context = context;
    const { record, runtime, sources, volumes, allocatable, clock, random, log, nodeIps, signal, onImages } = context;
    this.#offset = clock.now() - clock.monotonic();
    this.#view = newView(pod, clock.now(), { volumes: volumes?.concerns?.(pod) ?? volumes !== undefined });
    const view = () => this.#view;
    const dispatch = (happening: Happening) => this.dispatch(happening);
    this.#effects = {
      runtime,
      volumes,
      podSources: () => (this.#sources ??= sources?.of(pod)),
      services: (namespace) => sources?.services(namespace),
      nodeIps,
      allocatable,
      clock,
      log,
      view,
      dispatch,
      onImages,
      signal,
      finishDeletion: () => this.#finishDeletion(),
    };
    this.#probes = createPodProbes({ runtime, clock, view, dispatch, spread: (ms) => random.int(ms) });
    this.#status = createStatusWriter({
      record,
      clock,
      log,
      nodeIps,
      view,
      onWritten: (written) => {
        dispatch({ type: "observed", pod: written });
        // The watch may have been faster, but what waits for the write may go on only now.
        this.#settleSoon();
      },
    });
  }

  get uid(): string {
    return this.#view.pod.metadata.uid ?? "";
  }

  /** It has done all there was to do. */
  get closed(): boolean {
    return this.#state === "closed";
  }

  get view(): PodView {
    return this.#view;
  }

  /** Begins: what an earlier kubelet left running is taken over. */
  async start(): Promise<void> {
    const { pod } = this.#view;
    const adopted = await this.#untilDone("a pod could not be taken up", () => this.#context.runtime.adopt(pod));
    if (this.#state !== "adopting") return;
    // A pod that has been started once belongs here, whatever the node has become since.
    const known = adopted ?? pod.status?.startTime ?? pod.metadata.deletionTimestamp;
    const verdict = known ? undefined : this.#context.admit(pod);
    // Only one that takes others' room has to wait.
    const refused = verdict instanceof Promise ? await verdict : verdict;
    if (this.closed) return;
    this.#state = "running";
    if (refused) this.dispatch({ type: "rejected", ...refused });
    else this.dispatch({ type: "adopted", adopted });
    if (adopted) this.#followAdopted(adopted);
  }

  /** Applies a happening to the view, and starts what follows from it. */
  dispatch(happening: Happening): void {
    if (this.#state === "closed") return;
    const now = this.#now();
    const { view, events } = transition(this.#view, happening, now);
    if (view === this.#view) return;
    const { pod: before } = this.#view;
    this.#view = view;
    if (view.pod !== before && view.volumes.state === "mounted") this.#context.volumes?.update(view.pod);
    recordAll(this.#context.recorder, view.pod, events);
    if (this.#settling || this.#state === "adopting") return;
    this.#settling = true;
    queueMicrotask(() => this.#settle());
  }

  /** Times that were set by another wall clock than this one are brought over. */
  #now(): number {
    const { clock } = this.#context;
    const now = clock.now();
    const offset = now - clock.monotonic();
    const jump = offset - this.#offset;
    if (Math.abs(jump) > DRIFT_MS) {
      this.#offset = offset;
      this.#view = shiftTimes(this.#view, jump);
    }
    return now;
  }

  close(): void {
    this.#state = "closed";
    this.#timer?.cancel();
    for (const timer of this.#retries) timer.cancel();
    this.#probes.stop();
    this.#status.close();
    this.#releaseSources();
  }

  #releaseSources(): void {
    this.#sources?.close();
    this.#sources = undefined;
  }

  #followAdopted({ sandbox, containers }: AdoptedPod): void {
    if (sandbox) followSandbox(sandbox, this.#effects.dispatch);
    for (const [name, adopted] of containers) {
      if (adopted.state !== "running") continue;
      const { id, exited, ready } = adopted.container;
      void exited.then((exit) => this.dispatch({ type: "exited", name, exit }));
      void ready?.then(() => this.dispatch({ type: "readiness", name, id, ready: true }));
    }
  }

  /** Notes what is decided, begins what is to be done, and brings probes and status up to the view. */
  #settle(): void {
    if (this.#state !== "running") return;
    const { clock } = this.#context;
    const now = this.#now();
    this.#settling = true;
    let plan = planPod(this.#view, now);
    while (plan.notes.length > 0) {
      for (const note of plan.notes) this.dispatch(note);
      plan = planPod(this.#view, now);
    }
    this.#settling = false;
    this.#timer?.cancel();
    this.#timer =
      plan.requeueAt === undefined
        ? undefined
        : clock.setTimeout(() => this.#settle(), Math.max(1, plan.requeueAt - now));
    for (const step of plan.steps) this.#begin(step);
    this.#probes.follow();
    // Before the API shows that it has ended, after which another pod may be scheduled in its place.
    if (isOver(this.#view)) this.#context.onOver(this.uid);
    const { lifecycle } = this.#view;
    if (!(lifecycle.state === "deleting" && lifecycle.forgotten)) this.#status.look();
    if (isSettled(this.#view)) this.#releaseSources();
  }

  #begin(step: Step): void {
    const id = stepId(step);
    if (this.#inFlight.has(id)) return;
    // The API is to know how the pod ended before it forgets it.
    if (step.type === "finish-deletion" && !this.#mayFinish()) return;
    this.#inFlight.add(id);
    const done = () => {
      this.#inFlight.delete(id);
      this.#settleSoon();
    };
    carryOut(step, this.#effects).then(done, (error: unknown) => {
      if (this.#state === "closed" || this.#context.signal.aborted) return;
      this.#context.log.error("a pod's step failed", { pod: this.uid, step: id, error });
      const timer = this.#context.clock.setTimeout(() => {
        this.#retries.delete(timer);
        done();
      }, RETRY_MS);
      this.#retries.add(timer);
    });
  }

  #settleSoon(): void {
    if (this.#settling || this.#state !== "running") return;
    this.#settling = true;
    queueMicrotask(() => this.#settle());
  }

  #mayFinish(): boolean {
    const { lifecycle } = this.#view;
    return (lifecycle.state === "deleting" && lifecycle.forgotten) || this.#status.upToDate;
  }

  async #finishDeletion(): Promise<void> {
    const { pod } = this.#view;
    const { record, runtime, onGone } = this.#context;
    await this.#untilDone("the deletion of a pod could not be finished", async () => {
      const { lifecycle } = this.#view;
      if (!(lifecycle.state === "deleting" && lifecycle.forgotten)) await record.finish(pod);
    });
    this.close();
    await this.#untilDone("what is left of a pod could not be removed", () => runtime.removePod(pod));
    onGone(this.uid);
  }

  /** Tries again whatever is in the way: nothing else would. Rejects only when the kubelet stops. */
  async #untilDone<T>(complaint: string, work: () => Promise<T>): Promise<T> {
    const { clock, log, signal } = this.#context;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (attempt === 1 && !signal.aborted) log.warn(complaint, { pod: this.uid, error });
        await sleep(clock, RETRY_AFTER_FAILURE_MS, signal);
      }
    }
  }
}
