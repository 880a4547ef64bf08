import type { Pod } from "#objects";
import type { PrinterColumn } from "../../../definition.ts";
import { AGE, since, text } from "../../common/columns.ts";
import { summarizePod, type PodSummary } from "./summary.ts";

const NONE = "<none>";

/** The pod whose row is being made: three of its cells are of the same summary. */
let latest: { readonly pod: Pod; readonly summary: PodSummary } | undefined;

function summaryOf(pod: Pod): PodSummary {
  if (latest?.pod !== pod) latest = { pod, summary: summarizePod(pod) };
  return latest.summary;
}

/** Source: upstream pkg/printers/internalversion podColumnDefinitions and printPod. */
export const POD_COLUMNS: readonly PrinterColumn<Pod>[] = [
  text("Ready", readyContainers, { description: "Containers that are ready, of all that keep running" }),
  text("Status", (pod) => summaryOf(pod).status, {
    description: "The phase of the pod, or what keeps it from going on",
  }),
  text("Restarts", restarts, { description: "How often containers of the pod were restarted, and when last" }),
  AGE,
  text("IP", (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || NONE, {
    priority: 1,
    description: "The pod's address",
  }),
  text("Node", (pod) => pod.spec?.nodeName || NONE, {
    priority: 1,
    description: "The node that the pod is assigned to",
  }),
  text("Nominated Node", (pod) => pod.status?.nominatedNodeName || NONE, {
    priority: 1,
    description: "The node on which room is being made for the pod",
  }),
  text("Readiness Gates", readinessGates, {
    priority: 1,
    description: "Conditions that hold, of those that the pod's readiness waits for",
  }),
];

function readyContainers(pod: Pod): string {
  const { ready, total } = summaryOf(pod);
  return `${ready}/${total}`;
}

function restarts(pod: Pod, now: number): string {
  const { restarts: count, lastRestart } = summaryOf(pod);
  return count > 0 && lastRestart !== undefined ? `${count} (${since(lastRestart, now)} ago)` : `${count}`;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const isTrue = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status === "True";
  return `${gates.filter(({ conditionType }) => isTrue(conditionType)).length}/${gates.length}`;
}
