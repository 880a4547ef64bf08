import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  draftOf,
  jsonText,
  notFoundError,
  type AnyDraft,
  type KubeObject,
} from "#objects";
import { fromStorage, toStorage, type ScaleSubresource, type UpdateOptions } from "#registry";
import { conformPatched, readingOf, readPatch, type PatchValue, type Reading } from "../bodies.ts";
import { checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import { goValue } from "../go-value.ts";
import type { Machinery } from "../machinery.ts";
import type { PatchBody, Result } from "../operation.ts";
import { replicasOf, scaleSchema, scaleOf } from "../scale.ts";
import { namingOf, subresourceOf } from "../target.ts";
import { apply } from "./apply.ts";
import type { OperationOf } from "./operation-of.ts";
import { writeOptionsOf } from "./write-options.ts";

/** Changes an object, or what a subresource covers of it, by a patch. */
export async function patch(machinery: Machinery, operation: OperationOf<"patch">): Promise<Result> {
  const { target, namespace, name, options, warn } = operation;
  const { resource, version } = target;
  const { definition } = resource;
  const { type, body } = operation.patch;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  const writeOptions = writeOptionsOf(machinery, operation);
  const isScale = subresource?.type === "scale";
  // A write that is tried again must not warn twice: the collection keeps each text once.
  const ofTarget = readingOf(target, { fieldValidation: options.fieldValidation, warn });
  const reading: Reading = isScale
    ? { ...ofTarget, apiVersion: "autoscaling/v1", kind: "Scale", schema: scaleSchema(), isBuiltIn: true }
    : ofTarget;
  const value = await readPatch(body, type);
  if (isScale) return patchScale(operation, subresource, value, reading, writeOptions);
  if (type === "apply") return apply(machinery, operation, value, reading, writeOptions);

  const change = async (current: KubeObject | undefined): Promise<AnyDraft> => {
    if (!current) throw notFoundError(namingOf(target).subject, name);
    const before = await fromStorage(definition, version, current);
    const after = patched(before as Readonly<AnyDraft>, value, type, reading);
    checkTargetKind(after, target);
    checkNamespace(after, definition.namespaced ? namespace : "");
    checkName(after, name);
    return toStorage(definition, version, after);
  };
  const { object } = await resource.update({ namespace, name }, change, writeOptions);
  return { type: "object", object, created: false };
}

/** A patch of a Scale sets the object's replicas. */
async function patchScale(
  { target, namespace, name, patch: { type } }: OperationOf<"patch">,
  subresource: ScaleSubresource<KubeObject>,
  value: PatchValue,
  reading: Reading,
  writeOptions: UpdateOptions,
): Promise<Result> {
  const change = (current: KubeObject | undefined): AnyDraft => {
    if (!current) throw notFoundError(namingOf(target).subject, name);
    const draft = draftOf(current) as AnyDraft;
    const scale = patched(draftOf(scaleOf(current, subresource)) as unknown as AnyDraft, value, type, reading);
    checkName(scale, name);
    const { resourceVersion } = scale.metadata;
    if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
    subresource.setReplicas(draft, replicasOf(scale));
    return draft;
  };
  const { object } = await target.resource.update({ namespace, name }, change, writeOptions);
  return { type: "value", value: scaleOf(object.object, subresource), code: 200 };
}

/** The object after the patch, in the form of its schema. */
function patched(
  before: Readonly<AnyDraft>,
  { value, strictErrors }: PatchValue,
  type: PatchBody["type"],
  reading: Reading,
): AnyDraft {
  const asJson = (after: unknown) =>
    conformPatched({ value: after, from: "text", shown: () => jsonText(after) }, strictErrors, reading);
  switch (type) {
    case "json":
      return asJson(applyJsonPatch(before, value));
    case "merge":
    case "apply":
      return asJson(applyMergePatch(before, value));
    case "strategic": {
      const merged = applyStrategicMergePatch(before, value, reading.schema) as object;
      // It is merged into a typed object: what a patch says about its kind does not count, if it is text.
      const draft = conformPatched({ value: merged, from: "map", shown: () => goValue(value) }, strictErrors, reading);
      return { ...draft, apiVersion: reading.apiVersion, kind: reading.kind };
    }
  }
}
