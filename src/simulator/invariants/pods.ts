import { containerStatuses, isPodTerminal, type Pod } from "#objects";
import { named, type Invariant } from "./invariant.ts";

/** A Pod is bound once, ends once, and is never less restarted than it was. */
export function podsMoveForward(): Invariant {
  return {
    name: "a Pod only moves forward",
    check({ kind, before, after }) {
      if (kind !== "Pod" || !before || !after) return undefined;
      return stepBack(before as Pod, after as Pod);
    },
  };
}

/** Exported for its test. */
export function stepBack(before: Pod, after: Pod): string | undefined {
  const name = named(after);
  if (before.metadata.uid !== after.metadata.uid) return `Pod ${name} changed its uid without being deleted`;
  const node = before.spec?.nodeName;
  if (node && after.spec?.nodeName !== node) return `Pod ${name} moved from ${node} to ${after.spec?.nodeName}`;
  if (isPodTerminal(before) && before.status?.phase !== after.status?.phase) {
    return `Pod ${name} was ${before.status?.phase} and is ${after.status?.phase}`;
  }
  if (before.metadata.deletionTimestamp && !after.metadata.deletionTimestamp) {
    return `Pod ${name} was being deleted and is not any more`;
  }
  for (const status of containerStatuses(before)) {
    const now = containerStatuses(after).find((other) => other.name === status.name);
    if (now && now.restartCount < status.restartCount) {
      return `the restart count of ${status.name} in Pod ${name} fell from ${status.restartCount} to ${now.restartCount}`;
    }
  }
  return undefined;
}
