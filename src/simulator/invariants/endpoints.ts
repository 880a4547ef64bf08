import { isPodReady, type EndpointSlice, type Pod } from "#objects";
import { named, type Invariant } from "./invariant.ts";

/** A Service leads to no Pod that has not been ready yet. */
export function endpointsHaveBeenReady(): Invariant {
  /** The uids of Pods that have been ready. */
  const ready = new Set<string>();
  return {
    name: "a ready endpoint is a Pod that has been ready",
    check({ kind, after }) {
      if (kind === "Pod" && after && isPodReady(after as Pod)) ready.add(after.metadata.uid ?? "");
      if (kind !== "EndpointSlice" || !after) return undefined;
      const early = (after as EndpointSlice).endpoints?.find(
        ({ conditions, targetRef }) =>
          conditions?.ready && targetRef?.kind === "Pod" && !ready.has(targetRef.uid ?? ""),
      );
      return early && `EndpointSlice ${named(after)} leads to Pod ${early.targetRef?.name}, which was never ready`;
    },
  };
}
