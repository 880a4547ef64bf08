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
    (live, giveWay) => {
      if (!live) throw notFoundError(namingOf(target).subject, name);
      const { made, conformed } = patched(live as Readonly<AnyDraft>, value, type, reading);
      const checked = () => {
        const draft = conformed(made);
        checkTargetKind(draft, target);
        checkNamespace(draft, definition.namespaced ? namespace : "");
        checkName(draft, name);
        return draft;
      };
      return giveWay ? giveWay().then(checked) : checked();
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
      const { made, conformed } = patched(before as Readonly<AnyDraft>, value, type, reading);
      const scale = conformed(made);
      checkName(scale, name);
      return scaled(draftOf(live) as AnyDraft, scale, subresource, namingOf(target).subject);
    },
    inStorageVersion(writeOptionsOf(context, operation)),
  );
  return { type: "value", value: scaleOf(object.object, subresource), code: 200 };
}

/** The object after the patch, and what brings it into the form of its schema. */
interface PatchedObject {
  readonly made: unknown;
  readonly conformed: (made: unknown) => AnyDraft;
}

function patched(
  before: Readonly<AnyDraft>,
  { value, strictErrors }: PatchValue,
  type: PatchBody["type"],
  reading: Reading,
): PatchedObject {
  const asJson = (make: () => unknown): PatchedObject => ({
    made: make(),
    conformed: (made) =>
      conformPatched({ made, make, from: "text", shown: (after) => jsonText(after) }, strictErrors, reading),
  });
  switch (type) {
    case "json":
      return asJson(() => applyJsonPatch(before, value));
    case "merge":
    case "apply":
      return asJson(() => applyMergePatch(before, value));
    case "strategic": {
      const make = () => applyStrategicMergePatch(before, value, reading.schema);
      const conformed = (made: unknown): AnyDraft => {
        // It is merged into a typed object: what a patch says about its kind does not count, if it is text.
        const draft = conformPatched({ made, make, from: "map", shown: () => goValue(value) }, strictErrors, reading);
        return { ...draft, apiVersion: reading.apiVersion, kind: reading.kind };
      };
      return { made: make(), conformed };
    }
  }
}
