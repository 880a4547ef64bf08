import { draftOf, type AnyDraft, type KubeObject } from "#objects";
import type { ScaleSubresource } from "#registry";
import { decodeBody, readingOf, type Reading } from "../bodies.ts";
import { checkKind, checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { replicasOf, scaled, scaleOf, scaleReading } from "../scale.ts";
import { namingOf, subresourceOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";
import { inStorageVersion, writeOptionsOf } from "./write-options.ts";

/** Replaces an object or what a subresource covers of it. */
export async function update(context: ServerContext, operation: OperationOf<"update">): Promise<Result> {
  const { target, namespace, name, body, options, warn } = operation;
  const { definition } = target.resource;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if (subresource?.type === "scale") return updateScale(context, operation, subresource);

  const decode = async (reading: Reading) => {
    const draft = await decodeBody(body, reading);
    checkTargetKind(draft, target);
    checkNamespace(draft, definition.namespaced ? namespace : "");
    checkName(draft, name);
    return draft;
  };
  const { fieldValidation } = options;
  let decoded: AnyDraft | undefined = await decode(readingOf(target, { fieldValidation, warn }));
  const { uid } = decoded.metadata;
  const { object, created } = await target.resource.update(
    { namespace, name },
    () => {
      // The registry owns a draft once it has it: a second attempt needs a fresh one, and warns no second time.
      const draft = decoded ?? decode(readingOf(target, { fieldValidation, warn: () => {} }));
      decoded = undefined;
      return draft;
    },
    { ...writeOptionsOf(context, operation), ...(uid ? { preconditions: { uid } } : {}) },
  );
  return { type: "object", object, created };
}

/** A Scale that is replaced sets the object's replicas. */
async function updateScale(
  context: ServerContext,
  operation: OperationOf<"update">,
  subresource: ScaleSubresource<KubeObject>,
): Promise<Result> {
  const { target, namespace, name, body, options, warn } = operation;
  const scale = await decodeBody(body, scaleReading({ fieldValidation: options.fieldValidation, warn }));
  checkKind(scale, "autoscaling/v1", "Scale");
  checkNamespace(scale, namespace);
  checkName(scale, name);
  replicasOf(scale);
  const { uid } = scale.metadata;
  const { object } = await target.resource.update(
    { namespace, name },
    (live) => scaled(draftOf(live) as AnyDraft, scale, subresource, namingOf(target).subject),
    { ...inStorageVersion(writeOptionsOf(context, operation)), ...(uid ? { preconditions: { uid } } : {}) },
  );
  return { type: "value", value: scaleOf(object.object, subresource), code: 200 };
}
