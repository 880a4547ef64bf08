import type { Clock, Log, Random, Scope } from "#base";
import { decide, type Decision, type Diagnosis } from "./decide.ts";
import { describeRefusal } from "./diagnosis.ts";
import type { PodInfo } from "./model/pod-info.ts";
import type { Plugins } from "./plugins/default-plugins.ts";
import { volumeDecisions } from "./plugins/volume-binding.ts";
import { testWithNominated } from "./preemption/nominations.ts";
import type { Preemptor } from "./preemption/preempt.ts";
import type { Candidate } from "./preemption/victims.ts";
import type { ClusterEvent } from "./queue/cluster-event.ts";
import type { QueuedPod } from "./queue/scheduling-queue.ts";
import type { SchedulingState } from "./scheduling-state.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { UnscheduledReporter } from "./unscheduled.ts";
import type { VolumeReservation } from "./volumes/storage.ts";

export interface SchedulingCycleOptions {
  readonly state: SchedulingState;
  readonly plugins: Plugins;
  readonly preemptor: Preemptor;
  readonly reporter: UnscheduledReporter;
  readonly notify: (event: ClusterEvent) => void;
  /** Writes the node that was decided. */
  readonly bind: (pod: QueuedPod, node: string, reservation: VolumeReservation | undefined) => void;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** One pod: finds it a node, or makes room for it, or says why it gets none (upstream's scheduling cycle). */
export class SchedulingCycle {
  readonly #options: SchedulingCycleOptions;
  /** Where the next pod begins among the nodes. */
  #startIndex = 0;

  constructor(options: SchedulingCycleOptions) {
    this.#options = options;
  }

  async schedule(queued: QueuedPod): Promise<void> {
    const { state, reporter, clock } = this.#options;
    const { info } = queued;
    const known = state.memo.get(info);
    if (known) {
      state.queue.refused(queued, known.plugins, clock.monotonic());
      reporter.refused(info, known.message);
      return;
    }
    const decision = this.#decide(queued);
    if (decision?.type === "refused") await this.#refused(queued, decision.diagnosis);
    else if (decision) this.#assume(queued, decision);
  }

  /** The pod needs no promised room any more: others may have it. */
  endNomination(uid: string, pod: PodInfo | undefined): void {
    const { state, notify } = this.#options;
    if (state.nominations.remove(uid) && pod) notify({ type: "pod-left", pod });
  }

  #decide(queued: QueuedPod): Decision | undefined {
    const { state, plugins, random, clock, log } = this.#options;
    const { info } = queued;
    try {
      return decide(info, state.snapshot, {
        plugins,
        random,
        startIndex: this.#startIndex,
        ...(state.nominations.size > 0 ? { nominated: this.#nominatedFor(info) } : {}),
      });
    } catch (error) {
      log.error("a pod could not be scheduled", { pod: info.key, error });
      state.queue.failed(queued, clock.monotonic());
      return undefined;
    }
  }

  #nominatedFor(info: PodInfo) {
    const { plugins, state } = this.#options;
    const { nominations, snapshot } = state;
    return {
      concerns: ({ name }: NodeInfo) => nominations.ahead(info, name).length > 0,
      test: (node: NodeInfo) => testWithNominated(info, node, nominations.ahead(info, node.name), snapshot, plugins),
    };
  }

  /** Takes the pod as placed from now on, and begins to bind it. */
  #assume(queued: QueuedPod, { node, evaluated }: Extract<Decision, { readonly type: "fits" }>): void {
    const { state, notify, bind } = this.#options;
    const { nominations, snapshot, storage } = state;
    const { info } = queued;
    this.#startIndex = (this.#startIndex + evaluated) % Math.max(1, snapshot.nodes.length);
    const elsewhere = nominations.nodeOf(info.uid) !== node.name;
    if (nominations.remove(info.uid) && elsewhere) notify({ type: "pod-left", pod: info });
    const decisions = volumeDecisions(info, node, storage);
    snapshot.setPod(info, node.name);
    bind(queued, node.name, decisions && storage.reserve(decisions, node.name));
    notify({ type: "pod-placed", pod: info });
  }

  async #refused(queued: QueuedPod, diagnosis: Diagnosis): Promise<void> {
    const { state, preemptor, reporter, clock } = this.#options;
    const { queue, binding, memo } = state;
    const { info } = queued;
    queue.refused(queued, diagnosis.plugins, clock.monotonic());
    const { result, tried } = await preemptor.search(info, diagnosis);
    // The pod may be gone by now, or be another one.
    if (queue.get(info.uid) !== queued || binding.has(info.uid)) return;
    if (result.type === "found") {
      reporter.refused(info, describeRefusal(diagnosis), result.candidate.node.name);
      this.#makeRoom(info, result.candidate);
      return;
    }
    const message = describeRefusal(diagnosis, result.message);
    if (result.type === "useless") this.endNomination(info.uid, info);
    if (!tried) memo.put(info, diagnosis, message);
    reporter.refused(info, message, result.type === "useless" ? "" : undefined);
  }

  #makeRoom(info: PodInfo, candidate: Candidate): void {
    const { state, reporter, preemptor, scope } = this.#options;
    const { nominations } = state;
    const { name } = candidate.node;
    nominations.set(info, name);
    for (const other of nominations.behind(info, name)) {
      nominations.remove(other.uid);
      const { reason, message } = other.pod.status?.conditions?.find(({ type }) => type === "PodScheduled") ?? {};
      if (reason === "Unschedulable") {
        reporter.status(other, { reason, message: message ?? "", nominatedNodeName: "" });
      }
    }
    scope.run("preempt", () => preemptor.evict(info, candidate));
  }
}
