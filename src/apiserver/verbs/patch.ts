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
import type { ScaleSubresource } from "#registry";
import { conformPatched, readingOf, readPatch, type PatchValue, type Reading } from "../bodies.ts";
import { checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import { goValue } from "../go-value.ts";
import type { ServerContext } from "../server-context.ts";
import type { PatchBody, Result } from "../operation.ts";
import { scaled, scaleOf, scaleReading } from "../scale.ts";
import { namingOf, subresourceOf } from "../target.ts";
import { apply } from "./apply.ts";
import type { OperationOf } from "./operation-of.ts";
import { inStorageVersion, writeOptionsOf } from "./write-options.ts";

/** Changes an object, or what a subresource covers of it, by a patch. */
export async function patch(context: ServerContext, operation: OperationOf<"patch">): Promise<Result> {
  const { target, namespace, name, options, warn } = operation;
  const { definition } = target.resource;
  const { type, body } = operation.patch;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  // A write that is tried again must not warn twice: the collection keeps each text once.
  const reading = readingOf(target, { fieldValidation: options.fieldValidation, warn });
  const value = await readPatch(body, type);
  if (subresource?.type === "scale") return patchScale(context, operation, subresource, value);
  if (type === "apply") return apply(context, operation, value, reading);

  const { object } = await target.resource.update(
    { namespace, name },
    (live) => {
      if (!live) throw notFoundError(namingOf(target).subject, name);
      const draft = patched(live as Readonly<AnyDraft>, value, type, reading);
      checkTargetKind(draft, target);
      checkNamespace(draft, definition.namespaced ? namespace : "");
      checkName(draft, name);
      return draft;
    },
    writeOptionsOf(context, operation),
  );
  return { type: "object", object, created: false };
}

/** A patch of a Scale sets the object's replicas. */
async function patchScale(
  context: ServerContext,
  operation: OperationOf<"patch">,
  subresource: ScaleSubresource<KubeObject>,
  value: PatchValue,
): Promise<Result> {
  const {
    target,
    namespace,
    name,
    options,
    warn,
    patch: { type },
  } = operation;
  const reading = scaleReading({ fieldValidation: options.fieldValidation, warn });
  const { object } = await target.resource.update(
    { namespace, name },
    (live) => {
      if (!live) throw notFoundError(namingOf(target).subject, name);
      const before: unknown = scaleOf(live, subresource);
      const scale = patched(before as Readonly<AnyDraft>, value, type, reading);
      checkName(scale, name);
      return scaled(draftOf(live) as AnyDraft, scale, subresource, namingOf(target).subject);
    },
    inStorageVersion(writeOptionsOf(context, operation)),
  );
  return { type: "value", value: scaleOf(object.object, subresource), code: 200 };
}

/** The object after the patch, in the form of its schema. */
function patched(
  before: Readonly<AnyDraft>,
  { value, strictErrors }: PatchValue,
  type: PatchBody["type"],
  reading: Reading,
): AnyDraft {
  const asJson = (make: () => unknown) =>
    conformPatched({ make, from: "text", shown: (after) => jsonText(after) }, strictErrors, reading);
  switch (type) {
    case "json":
      return asJson(() => applyJsonPatch(before, value));
    case "merge":
    case "apply":
      return asJson(() => applyMergePatch(before, value));
    case "strategic": {
      const make = () => applyStrategicMergePatch(before, value, reading.schema);
      // It is merged into a typed object: what a patch says about its kind does not count, if it is text.
      const draft = conformPatched({ make, from: "map", shown: () => goValue(value) }, strictErrors, reading);
      return { ...draft, apiVersion: reading.apiVersion, kind: reading.kind };
    }
  }
}
