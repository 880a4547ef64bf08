import {
  draftOf,
  forbidden,
  invalid,
  isSidecar,
  qosClass,
  type Container,
  type Draft,
  type FieldError,
  type Pod,
  type ResourceRequirements,
} from "#objects";
import type { UpdateSubresource } from "../../../definition.ts";
import { differences } from "./diff.ts";
import { MIRROR_POD } from "./validation/annotations.ts";
import { validatePod } from "./validation/pod.ts";

/** `pods/resize`: changes what a running pod's containers ask for. */
export const resize: UpdateSubresource<Pod> = {
  type: "update",
  resetFields: {
    only: ["containers", "initContainers"].flatMap((list) =>
      ["resources", "resizePolicy"].map((field) => ["spec", list, "*", field]),
    ),
  },
  prepareForUpdate(draft, old) {
    const { spec } = draft;
    takeAllFrom(draft, old);
    if (!spec || !draft.spec) return;
    draft.spec.containers = withResources(old.spec?.containers, spec.containers);
    if (old.spec?.initContainers) {
      draft.spec.initContainers = withResources(old.spec.initContainers, spec.initContainers);
    }
  },
  validateUpdate: validateResize,
};

/** The draft as the old object, but for its revision. */
export function takeAllFrom(draft: Draft<Pod>, old: Pod): void {
  const { resourceVersion, managedFields } = draft.metadata;
  const copy = draftOf(old);
  draft.metadata = { ...copy.metadata, ...(managedFields ? { managedFields } : {}) };
  if (resourceVersion !== undefined) draft.metadata.resourceVersion = resourceVersion;
  if (copy.spec) draft.spec = copy.spec;
  if (copy.status) draft.status = copy.status;
}

/** The old containers with resources and resize policy of the new ones of the same name. */
function withResources(
  old: readonly Container[] | undefined,
  updated: readonly Draft<Container>[] | undefined,
): Draft<Container>[] {
  const byName = new Map((updated ?? []).map((container) => [container.name, container]));
  return draftOf(old ?? []).map((container) => {
    const next = byName.get(container.name);
    if (!next) return container;
    const { resources, resizePolicy } = next;
    if (resources) container.resources = resources;
    if (resizePolicy) container.resizePolicy = resizePolicy;
    return container;
  });
}

/** Source: upstream ValidatePodResize. */
function validateResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_POD] !== undefined) return [forbidden("", "static pods cannot be resized")];
  if (old.spec?.os?.name === "windows") return [forbidden("", "windows pods cannot be resized")];
  const errors = validatePod(pod);
  if ((old.status?.qosClass ?? qosClass(old.spec)) !== qosClass(pod.spec)) {
    errors.push(invalid("spec", pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"));
  }
  if (!isResizeSupported(old)) errors.push(forbidden("spec", "Pod running on node without support for resize"));
  for (const field of ["initContainers", "containers"] as const) {
    for (const [i, before] of (old.spec?.[field] ?? []).entries()) {
      if (field === "initContainers" && !isSidecar(before)) continue;
      const after = pod.spec?.[field]?.[i]?.resources;
      errors.push(...validateKept(after, before.resources, `spec.${field}[${i}].resources`));
    }
  }
  errors.push(...validateOnlyCpuAndMemory(pod, old));
  return errors;
}

/** A node that cannot resize reports no resources of running containers. */
function isResizeSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  return running === undefined || running.resources !== undefined;
}

function validateKept(
  resources: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  path: string,
): FieldError[] {
  return (["requests", "limits"] as const).flatMap((part) => {
    const removed = Object.keys(old?.[part] ?? {}).some((name) => resources?.[part]?.[name] === undefined);
    return removed ? [forbidden(`${path}.${part}`, `resource ${part} cannot be removed`)] : [];
  });
}

function validateOnlyCpuAndMemory(pod: Pod, old: Pod): FieldError[] {
  const changed = (after: Container | undefined, before: Container) => {
    const { resizePolicy: _after, ...rest } = after ?? { name: "" };
    const { resizePolicy: _before, ...restBefore } = before;
    return differences(withoutCpuAndMemory(restBefore), withoutCpuAndMemory(rest), "").length > 0;
  };
  const errors: FieldError[] = [];
  for (const [i, before] of (old.spec?.containers ?? []).entries()) {
    if (changed(pod.spec?.containers[i], before)) {
      errors.push(forbidden("spec", "only cpu and memory resources are mutable"));
    }
  }
  for (const [i, before] of (old.spec?.initContainers ?? []).entries()) {
    const after = pod.spec?.initContainers?.[i];
    if (!isSidecar(before)) {
      if (differences(before, after, "").length > 0) {
        errors.push(forbidden("spec", "resources for non-sidecar init containers are immutable"));
      }
    } else if (changed(after, before)) {
      errors.push(forbidden("spec", "only cpu and memory resources for sidecar containers are mutable"));
    }
  }
  return errors;
}

function withoutCpuAndMemory(container: Container): Container {
  const strip = (quantities: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(quantities ?? {}).filter(([name]) => name !== "cpu" && name !== "memory"));
  const { requests, limits, ...rest } = container.resources ?? {};
  return { ...container, resources: { ...rest, requests: strip(requests), limits: strip(limits) } };
}
