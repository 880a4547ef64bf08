import { containerStatuses, isPodTerminal, type Pod } from "#objects";
import type { Truth } from "../truth.ts";
import { named, type Invariant } from "./invariant.ts";

export interface PetOptions {
  /** No user and no lost machine takes Pods away: then none is replaced while its containers may run. */
  readonly calm: boolean;
}

/** Each ordinal of a StatefulSet has one Pod at most, and a second one only when the first has ended. */
export function petsAreAlone({ calm }: PetOptions): Invariant {
  /** The Pod that had a name last, by `namespace/name`. */
  const gone = new Map<string, Pod>();
  return {
    name: "a Pod of a StatefulSet is alone under its name, and comes when the one before it has ended",
    check({ kind, before, after }, truth) {
      if (kind !== "Pod") return undefined;
      if (!after) {
        if (before && setOf(before as Pod)) gone.set(named(before), before as Pod);
        return undefined;
      }
      if (before || !setOf(after as Pod)) return undefined;
      const predecessor = gone.get(named(after));
      gone.delete(named(after));
      return misplaced(after as Pod, truth) ?? (calm ? tooEarly(after as Pod, predecessor) : undefined);
    },
  };
}

const setOf = ({ metadata }: Pod) =>
  metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === "StatefulSet");
const placeOf = ({ metadata }: Pod) => metadata.labels?.["statefulset.kubernetes.io/pod-name"];

function misplaced(pod: Pod, truth: Truth): string | undefined {
  const set = setOf(pod);
  const { name = "", namespace, uid } = pod.metadata;
  const ordinal = /^(.*)-(?:0|[1-9]\d*)$/.exec(name);
  if (ordinal?.[1] !== set?.name || placeOf(pod) !== name) return `StatefulSet ${set?.name} has a Pod ${named(pod)}`;
  const twin = truth
    .of<Pod>("Pod")
    .find(
      (other) =>
        other.metadata.uid !== uid &&
        other.metadata.namespace === namespace &&
        setOf(other)?.uid === set?.uid &&
        placeOf(other) === name,
    );
  return twin && `Pod ${named(pod)} and Pod ${named(twin)} have the same place in StatefulSet ${set?.name}`;
}

function tooEarly(pod: Pod, predecessor: Pod | undefined): string | undefined {
  if (!predecessor || !predecessor.spec?.nodeName || isPodTerminal(predecessor)) return undefined;
  const running = containerStatuses(predecessor).find(({ state }) => state?.running);
  return running && `Pod ${named(pod)} was made again while ${running.name} of the one before it was running`;
}
