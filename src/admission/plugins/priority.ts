import type { Cache, Client } from "#client";
import { hasReason, PRIORITY_CLASSES, type PriorityClass } from "#objects";
import { forbid, type AdmissionPlugin } from "../contract.ts";
import { isPod, podOf } from "./pods.ts";

type Class = Pick<PriorityClass, "value" | "preemptionPolicy">;

const isClass = ({ group, resource }: { readonly group: string; readonly resource: string }) =>
  group === "scheduling.k8s.io" && resource === "priorityclasses";

/** The class with the lowest value of those that are marked as default. */
export function defaultClass(classes: Iterable<PriorityClass>): PriorityClass | undefined {
  let found: PriorityClass | undefined;
  for (const each of classes) {
    if (each.globalDefault && (!found || (found.value ?? 0) > (each.value ?? 0))) found = each;
  }
  return found;
}

/** Resolves the priority of pods, and keeps the default class the only one (plugin/pkg/admission/priority). */
export function priority(client: Client, classes: () => Cache<PriorityClass>): AdmissionPlugin {
  const defaultOf = async () => {
    const cache = classes();
    if (!cache.synced) await cache.whenSynced();
    return defaultClass(cache.list());
  };
  return {
    name: "Priority",
    handles: (attributes) =>
      attributes.subresource === "" &&
      (attributes.operation === "CREATE" || attributes.operation === "UPDATE") &&
      (isPod(attributes) || isClass(attributes)),
    async mutate(draft, old, attributes) {
      if (!isPod(attributes)) return;
      const pod = podOf(draft);
      const { spec } = pod;
      if (!spec) return;
      if (old) {
        const before = podOf(old).spec;
        if (before?.priority !== undefined) spec.priority ??= before.priority;
        if (before?.preemptionPolicy !== undefined) spec.preemptionPolicy ??= before.preemptionPolicy;
        return;
      }
      let found: Class = { value: 0, preemptionPolicy: "PreemptLowerPriority" };
      const name = spec.priorityClassName;
      if (name) {
        found = await client.get(PRIORITY_CLASSES, { namespace: "", name }).catch((error: unknown) => {
          if (hasReason(error, "NotFound"))
            throw forbid(attributes, pod, `no PriorityClass with name ${name} was found`);
          throw error;
        });
      } else {
        const byDefault = await defaultOf();
        if (byDefault) {
          spec.priorityClassName = byDefault.metadata.name!;
          found = byDefault;
        }
      }
      const value = found.value ?? 0;
      if (spec.priority !== undefined && spec.priority !== value) {
        throw forbid(
          attributes,
          pod,
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        );
      }
      spec.priority = value;
      const { preemptionPolicy } = found;
      if (preemptionPolicy === undefined) return;
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
        throw forbid(
          attributes,
          pod,
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
        );
      }
      spec.preemptionPolicy = preemptionPolicy;
    },
    async validate(object, old, attributes) {
      if (!isClass(attributes)) return;
      const wanted = object as PriorityClass;
      if (!wanted.globalDefault) return;
      const found = await defaultOf();
      if (found && (!old || found.metadata.name !== wanted.metadata.name)) {
        throw forbid(
          attributes,
          wanted,
          `PriorityClass ${found.metadata.name} is already marked as default. Only one default can exist`,
        );
      }
    },
  };
}
