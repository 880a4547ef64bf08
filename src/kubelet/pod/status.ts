import { formatTime, qosClass, type ContainerStatus, type PodStatus } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { conditionsOf } from "./conditions.ts";
import { containerStatus, terminated } from "./container-status.ts";
import { failureOf, phaseOf } from "./phase.ts";
import { isOver, type ContainerKind, type PodView } from "./view.ts";

/** What the pod's status is to say (upstream generateAPIPodStatus). What is not the kubelet's own is kept. */
export function statusOf(view: PodView, nodeIps: readonly string[], now: number): PodStatus {
  const { pod } = view;
  const { spec } = pod;
  const before: PodStatus = pod.status ?? {};
  if (view.lifecycle.state === "rejected") return rejectedStatus(view, before, now);

  const describe = (
    containers: readonly AnyContainer[] | undefined,
    kind: ContainerKind,
    old: readonly ContainerStatus[] | undefined,
  ) =>
    (containers ?? []).map((container) =>
      containerStatus(
        view,
        container,
        kind,
        old?.find(({ name }) => name === container.name),
      ),
    );
  const shown = {
    init: describe(spec?.initContainers, "init", before.initContainerStatuses),
    main: describe(spec?.containers, "main", before.containerStatuses),
  };
  const phase = phaseOf(view, shown);
  const isEnd = phase === "Succeeded" || phase === "Failed";
  const statuses = isOver(view) ? terminated(view, shown.init, shown.main) : shown;
  const ephemeral = describe(spec?.ephemeralContainers, "ephemeral", before.ephemeralContainerStatuses);
  const ips = "sandbox" in view.sandbox ? view.sandbox.sandbox.ips : (before.podIPs ?? []).map(({ ip }) => ip);
  const failure = isEnd && before.phase !== phase ? failureOf(view) : undefined;
  const why = failure ?? (before.phase === phase ? before : {});

  const { reason: _reason, message: _message, ...kept } = before;
  return {
    ...kept,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf(view, phase, statuses, formatTime(now)),
    ...(why.reason ? { reason: why.reason } : {}),
    ...(why.message ? { message: why.message } : {}),
    ...(nodeIps[0] ? { hostIP: nodeIps[0], hostIPs: nodeIps.map((ip) => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: before.startTime ?? formatTime(view.startTime),
    ...(statuses.init.length > 0 ? { initContainerStatuses: statuses.init } : {}),
    containerStatuses: byName(statuses.main),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: byName(ephemeral) } : {}),
    qosClass: before.qosClass ?? qosClass(spec),
  };
}

/** Upstream sorts these, so that their order means nothing. */
function byName(statuses: readonly ContainerStatus[]): readonly ContainerStatus[] {
  if (statuses.length < 2) return statuses;
  return statuses.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** A pod that the node has not taken has no containers to tell of (upstream rejectPod). */
function rejectedStatus(view: PodView, before: PodStatus, now: number): PodStatus {
  const { pod } = view;
  const failure = failureOf(view);
  return {
    ...before,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase: "Failed",
    ...(failure ? { reason: failure.reason, message: failure.message } : {}),
    startTime: before.startTime ?? formatTime(now),
    qosClass: before.qosClass ?? qosClass(pod.spec),
  };
}
