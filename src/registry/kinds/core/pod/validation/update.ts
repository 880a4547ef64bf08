import {
  type Int64,
  forbidden,
  invalid,
  mustBeBetween,
  required,
  type Affinity,
  type Container,
  type FieldError,
  type NodeAffinity,
  type Pod,
  type PodSchedulingGate,
  type PodSpec,
  type Toleration,
} from "#objects";
import { semanticEqual } from "../../../common/equal.ts";
import { differences, formatDifferences } from "../diff.ts";
import { validatePodAnnotationsUpdate } from "./annotations.ts";
import { validateTolerations } from "./scheduling.ts";

const MAX_SECONDS = 2 ** 31 - 1;

const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

/** What an update may not change, beside the pod being valid in itself. Source: upstream ValidatePodUpdate. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validatePodAnnotationsUpdate(
    pod.metadata.annotations,
    old.metadata.annotations,
    "metadata.annotations",
  );
  const [spec, oldSpec] = [pod.spec, old.spec];
  if (!spec || !oldSpec) return errors;
  for (const field of ["containers", "initContainers"] as const) {
    const [containers, before] = [spec[field] ?? [], oldSpec[field] ?? []];
    if (containers.length !== before.length) {
      return [...errors, forbidden(`spec.${field}`, "pod updates may not add or remove containers")];
    }
    errors.push(...containers.flatMap(({ image }, i) => (image ? [] : [required(`spec.${field}[${i}].image`)])));
  }
  const deadline = validateDeadlineUpdate(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds);
  errors.push(...deadline.errors);
  if (deadline.stop) return errors;
  errors.push(...validateOnlyAddedTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? []));
  errors.push(...validateOnlyRemovedGates(spec.schedulingGates ?? [], oldSpec.schedulingGates ?? []));
  const gated = allowForGated(withOldUpdatables(spec, oldSpec), oldSpec);
  errors.push(...gated.errors);
  const found = differences(oldSpec, gated.spec, "spec");
  if (found.length > 0) {
    const detail = `pod updates may not change fields other than ${UPDATABLE}\n${formatDifferences(found)}`;
    errors.push(forbidden("spec", detail));
  }
  return errors;
}

/** From nothing to a deadline, or to an earlier one. */
function validateDeadlineUpdate(
  seconds: Int64 | undefined,
  old: Int64 | undefined,
): { readonly errors: readonly FieldError[]; readonly stop: boolean } {
  const path = "spec.activeDeadlineSeconds";
  if (seconds === undefined) {
    const detail = "must not update from a positive integer to nil value";
    return { errors: old === undefined ? [] : [invalid(path, null, detail)], stop: false };
  }
  if (seconds < 0 || seconds > MAX_SECONDS) {
    return { errors: [invalid(path, seconds, mustBeBetween(0, MAX_SECONDS))], stop: true };
  }
  return old !== undefined && old < seconds
    ? { errors: [invalid(path, seconds, "must be less than or equal to previous value")], stop: true }
    : { errors: [], stop: false };
}

/** All of it but the seconds, which may change. */
const identityOf = ({ key = "", operator = "", value = "", effect = "" }: Toleration) =>
  JSON.stringify([key, operator, value, effect]);

/** Source: upstream validateOnlyAddedTolerations. */
function validateOnlyAddedTolerations(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const path = "spec.tolerations";
  const identities = new Set(tolerations.map(identityOf));
  const kept = old.every((before) => identities.has(identityOf(before)));
  return kept
    ? validateTolerations(tolerations, path)
    : [forbidden(path, "existing toleration can not be modified except its tolerationSeconds")];
}

/** Source: upstream validateOnlyDeletedSchedulingGates. */
function validateOnlyRemovedGates(
  gates: readonly PodSchedulingGate[],
  old: readonly PodSchedulingGate[],
): FieldError[] {
  const before = new Set(old.map(({ name }) => name));
  return gates.flatMap(({ name }, i) =>
    before.has(name)
      ? []
      : [
          forbidden(
            `spec.schedulingGates[${i}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  );
}

/** The new spec with everything that may change as it was: what still differs is forbidden. */
function withOldUpdatables(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (containers: readonly Container[] | undefined, before: readonly Container[] | undefined) =>
    containers?.map((container, i) => ({ ...container, image: before?.[i]?.image ?? "" }));
  const { initContainers, activeDeadlineSeconds: _deadline, schedulingGates: _gates, tolerations: _tolerations } = spec;
  const graceFixed =
    (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
      ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds! }
      : {};
  return {
    ...spec,
    containers: images(spec.containers, old.containers) ?? [],
    ...(initContainers ? { initContainers: images(initContainers, old.initContainers) ?? [] } : {}),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    ...graceFixed,
  } as PodSpec;
}

/** While a pod waits at its gates, its node selector and node affinity may still be narrowed. */
function allowForGated(spec: PodSpec, old: PodSpec): { readonly spec: PodSpec; readonly errors: FieldError[] } {
  if (!old.schedulingGates?.length) return { spec, errors: [] };
  const errors: FieldError[] = [];
  const oldSelector = old.nodeSelector ?? {};
  for (const [key, value] of Object.entries(oldSelector)) {
    if (spec.nodeSelector?.[key] === value) continue;
    errors.push(
      invalid(
        "spec.nodeSelector",
        spec.nodeSelector,
        "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
      ),
    );
    break;
  }
  const affinity = spec.affinity?.nodeAffinity;
  const oldAffinity = old.affinity?.nodeAffinity;
  if (!semanticEqual(affinity, oldAffinity)) errors.push(...validateNarrowed(affinity, oldAffinity));
  const { nodeAffinity: _changed, ...others } = spec.affinity ?? {};
  const restored: Affinity = { ...others, ...(oldAffinity ? { nodeAffinity: oldAffinity } : {}) };
  return { spec: { ...spec, nodeSelector: oldSelector, affinity: restored }, errors };
}

/** Terms may get more requirements, but neither lose any nor become more. Source: upstream validateNodeAffinityMutation. */
function validateNarrowed(affinity: NodeAffinity | undefined, old: NodeAffinity | undefined): FieldError[] {
  const path = "spec.affinity.nodeAffinity";
  const oldTerms = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!oldTerms) return [];
  const at = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (oldTerms.length > 0 && terms.length !== oldTerms.length) {
    return [invalid(at, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")];
  }
  return oldTerms.flatMap((before, i) => {
    const term = terms[i] ?? {};
    const keeps = <T>(list: readonly T[] = [], prefix: readonly T[] = []) =>
      list.length >= prefix.length && prefix.every((item, j) => semanticEqual(list[j], item));
    return keeps(term.matchExpressions, before.matchExpressions) && keeps(term.matchFields, before.matchFields)
      ? []
      : [invalid(`${at}[${i}]`, term, "only additions are allowed (no mutations or deletions)")];
  });
}
