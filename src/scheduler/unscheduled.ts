import type { Clock, Log } from "#base";
import type { ActionEvent, Client, SeriesRecorder } from "#client";
import { formatTime, hasReason, PODS, podCondition, type Pod, type PodCondition } from "#objects";
import type { PodInfo } from "./model/pod-info.ts";

/** What the scheduler reports of a pod that has no node yet. */
export interface UnscheduledStatus {
  readonly reason: "Unschedulable" | "SchedulingGated" | "SchedulerError";
  readonly message: string;
  /** A node that is being made room on; empty: none any more; undefined: as it is. */
  readonly nominatedNodeName?: string;
}

/** The most bytes of an Event's note. */
const MAX_NOTE = 1024;
const CUT = " ...";

/** The Event that tells why a pod has no node. What does not fit is cut. */
function failedScheduling(regarding: Pod, message: string): ActionEvent {
  const bytes = new TextEncoder().encode(message);
  const kept = new TextDecoder().decode(bytes.subarray(0, MAX_NOTE - CUT.length)).replace(/\uFFFD$/, "");
  const note = bytes.length <= MAX_NOTE ? message : `${kept}${CUT}`;
  return { regarding, type: "Warning", reason: "FailedScheduling", action: "Scheduling", note };
}

/** The patch that brings the pod's status up to this; undefined when it is so already. */
function statusPatch(pod: Pod, { reason, message, nominatedNodeName }: UnscheduledStatus, now: number) {
  const old = podCondition(pod, "PodScheduled");
  const sameCondition = old?.status === "False" && old.reason === reason && old.message === message;
  const sameNomination = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? "");
  if (sameCondition && sameNomination) return undefined;
  const since = old?.status === "False" ? old.lastTransitionTime : undefined;
  const condition: PodCondition = {
    type: "PodScheduled",
    status: "False",
    lastTransitionTime: since ?? formatTime(now),
    reason,
    message,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  return {
    ...(sameCondition ? {} : { conditions: [condition] }),
    ...(sameNomination ? {} : { nominatedNodeName: nominatedNodeName || null }),
  };
}

/** Writes the status unless it is so already. A pod that is gone does not matter any more. */
async function writeStatus(client: Client, pod: Pod, status: UnscheduledStatus, now: number): Promise<void> {
  const patch = statusPatch(pod, status, now);
  if (!patch) return;
  const { namespace = "", name = "", uid } = pod.metadata;
  try {
    await client.patch(
      PODS,
      { namespace, name },
      { type: "strategic", body: { metadata: { uid }, status: patch } },
      { subresource: "status" },
    );
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict")) throw error;
  }
}

export interface UnscheduledReporterOptions {
  readonly client: Client;
  readonly recorder: SeriesRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Tells the API why pods have no node. Returns at once: what cannot be written is logged. */
export interface UnscheduledReporter {
  status(pod: PodInfo, status: UnscheduledStatus): void;
  /** No node takes the pod: status and Event. */
  refused(pod: PodInfo, message: string, nominatedNodeName?: string): void;
  /** What was decided for the pod could not be carried out: status and Event. No node is promised any more. */
  failed(pod: PodInfo, message: string): void;
}

export function createUnscheduledReporter(options: UnscheduledReporterOptions): UnscheduledReporter {
  const { client, recorder, clock, log, signal } = options;
  const reporter: UnscheduledReporter = {
    status(pod, status) {
      writeStatus(client, pod.pod, status, clock.now()).catch((error: unknown) => {
        if (!signal.aborted) log.warn("a pod's status could not be written", { pod: pod.key, error });
      });
    },
    refused(pod, message, nominatedNodeName) {
      recorder.event(failedScheduling(pod.pod, message));
      reporter.status(pod, {
        reason: "Unschedulable",
        message,
        ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
      });
    },
    failed(pod, message) {
      recorder.event(failedScheduling(pod.pod, message));
      reporter.status(pod, { reason: "SchedulerError", message, nominatedNodeName: "" });
    },
  };
  return reporter;
}
