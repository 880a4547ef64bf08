import type { Client } from "#client";
import {
  compareQuantities,
  equalJson,
  hasReason,
  parseQuantity,
  RUNTIME_CLASSES,
  type Overhead,
  type Pod,
  type RuntimeClass,
  type Toleration,
} from "#objects";
import { forbid, type AdmissionAttributes, type AdmissionPlugin } from "../contract.ts";
import { isPod, podOf } from "./pods.ts";

type Amounts = NonNullable<Overhead["podFixed"]>;

const sameAmounts = (a: Amounts, b: Amounts): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(
    ([name, amount]) => b[name] !== undefined && compareQuantities(parseQuantity(amount), parseQuantity(b[name])) === 0,
  );

/** Whether `all` tolerates whatever `one` does, and for as long (pkg/util/tolerations isSuperset). */
function covers(all: Toleration, one: Toleration): boolean {
  if (equalJson(all, one)) return true;
  const anyKey = !all.key && all.operator === "Exists";
  if ((one.key ?? "") !== (all.key ?? "") && !anyKey) return false;
  if ((one.effect ?? "") !== (all.effect ?? "") && all.effect) return false;
  if (all.effect === "NoExecute" && all.tolerationSeconds !== undefined) {
    if (one.tolerationSeconds === undefined || one.tolerationSeconds > all.tolerationSeconds) return false;
  }
  if (all.operator === "Exists") return true;
  if (all.operator && all.operator !== "Equal") return false;
  return one.operator === "Equal" && (one.value ?? "") === (all.value ?? "");
}

/** The tolerations of both lists without those that another covers; of equal ones the first stays (MergeTolerations). */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [i, one] of all.entries()) {
    const isCovered =
      merged.some((other) => covers(other, one)) ||
      all.slice(i + 1).some((other) => !equalJson(other, one) && covers(other, one));
    if (!isCovered) merged.push(one);
  }
  return merged;
}

/**
 * A pod that names a RuntimeClass gets its overhead, node selector and tolerations; a class that is not there, and what
 * contradicts the class, is refused (plugin/pkg/admission/runtimeclass).
 */
export function runtimeClass(client: Client): AdmissionPlugin {
  const classOf = async (
    { spec, metadata }: Pod,
    attributes: AdmissionAttributes,
  ): Promise<RuntimeClass | undefined> => {
    const name = spec?.runtimeClassName;
    if (name === undefined) return undefined;
    return client.get(RUNTIME_CLASSES, { namespace: "", name }).catch((error: unknown) => {
      if (!hasReason(error, "NotFound")) throw error;
      throw forbid(attributes, { metadata }, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    });
  };
  return {
    name: "RuntimeClass",
    handles: (attributes) => isPod(attributes) && attributes.subresource === "" && attributes.operation === "CREATE",
    async mutate(draft, _old, attributes) {
      const pod = podOf(draft);
      const found = await classOf(pod, attributes);
      const { spec } = pod;
      if (!found || !spec) return;
      const { overhead, scheduling } = found;
      if (overhead) {
        const podFixed = overhead.podFixed ?? {};
        if (Object.keys(spec.overhead ?? {}).length > 0 && !sameAmounts(spec.overhead ?? {}, podFixed)) {
          throw forbid(attributes, pod, OTHER_OVERHEAD);
        }
        spec.overhead = { ...podFixed };
      }
      if (!scheduling) return;
      for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) {
          const selector = `nodeSelector[${key}]`;
          const what = `runtimeClass.scheduling.${selector} = ${value}; pod.spec.${selector} = ${own}`;
          throw forbid(attributes, pod, `conflict: ${what}`);
        }
        (spec.nodeSelector ??= {})[key] = value;
      }
      const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
      if (tolerations.length > 0) spec.tolerations = tolerations.map((one) => ({ ...one }));
    },
    async validate(object, _old, attributes) {
      if (!object) return;
      const pod = podOf(object);
      const overhead = (await classOf(pod, attributes))?.overhead;
      const own = pod.spec?.overhead;
      if (overhead) {
        if (!sameAmounts(own ?? {}, overhead.podFixed ?? {})) throw forbid(attributes, pod, OTHER_OVERHEAD);
      } else if (own !== undefined) {
        throw forbid(
          attributes,
          pod,
          "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        );
      }
    },
  };
}

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
