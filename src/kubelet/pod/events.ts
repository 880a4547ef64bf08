import { referenceTo, type EventRecorder } from "#client";
import type { ObjectReference, Pod } from "#objects";
import { findContainer } from "./view.ts";

/** An Event about a pod, or about one of its containers. */
export interface PodEvent {
  readonly level: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly container?: string;
}

export const normal = (reason: string, message: string, container?: string): PodEvent => ({
  level: "Normal",
  reason,
  message,
  ...(container === undefined ? {} : { container }),
});

export const warning = (reason: string, message: string, container?: string): PodEvent => ({
  ...normal(reason, message, container),
  level: "Warning",
});

/** `web-0_default(5d9c…)` (upstream format.Pod). */
export function podText({ metadata: { name = "", namespace = "", uid = "" } }: Pod): string {
  return `${name}_${namespace}(${uid})`;
}

export function recordAll(recorder: EventRecorder, pod: Pod, events: readonly PodEvent[]): void {
  for (const { container, level, reason, message } of events) {
    recorder.event(container === undefined ? pod : aboutContainer(pod, container), level, reason, message);
  }
}

const SECTIONS = { main: "containers", init: "initContainers", ephemeral: "ephemeralContainers" } as const;

/** What an Event about one container of a pod refers to: `spec.containers{web}`. */
function aboutContainer(pod: Pod, name: string): ObjectReference {
  const section = SECTIONS[findContainer(pod, name)?.kind ?? "main"];
  return { ...referenceTo(pod), fieldPath: `spec.${section}{${name}}` };
}
