import { draftOf, type AnyDraft } from "#objects";
import { toStorage } from "#registry";
import { attributesOfOperation, authorize } from "../authorize.ts";
import { decodeBody, readingOf } from "../bodies.ts";
import { checkKind, checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import type { Machinery } from "../machinery.ts";
import type { Result } from "../operation.ts";
import { replicasOf, scaleSchema, scaleOf } from "../scale.ts";
import { subresourceOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";
import { writeOptionsOf } from "./write-options.ts";

/** Replaces an object or what a subresource covers of it. */
export async function update(machinery: Machinery, operation: OperationOf<"update">): Promise<Result> {
  const { target, namespace, name, body, options, warn } = operation;
  const { resource, version } = target;
  const { definition } = resource;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  const writeOptions = writeOptionsOf(machinery, operation);

  if (subresource?.type === "scale") {
    const scale = await decodeBody(body, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      schema: scaleSchema(),
      fieldValidation: options.fieldValidation,
      warn,
    });
    checkKind(scale, "autoscaling/v1", "Scale");
    checkNamespace(scale, namespace);
    checkName(scale, name);
    const replicas = replicasOf(scale);
    const { resourceVersion, uid } = scale.metadata;
    const { object } = await resource.update(
      { namespace, name },
      (current) => {
        const draft = draftOf(current) as AnyDraft;
        if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
        subresource.setReplicas(draft, replicas);
        return draft;
      },
      { ...writeOptions, ...(uid ? { preconditions: { uid } } : {}) },
    );
    return { type: "value", value: scaleOf(object.object, subresource), code: 200 };
  }

  const decode = async (warnings: boolean) => {
    const draft = await decodeBody(
      body,
      readingOf(target, { fieldValidation: options.fieldValidation, warn: warnings ? warn : () => {} }),
    );
    checkTargetKind(draft, target);
    checkNamespace(draft, definition.namespaced ? namespace : "");
    checkName(draft, name);
    return toStorage(definition, version, draft);
  };
  let next: AnyDraft | undefined = await decode(true);
  const { uid } = next.metadata;
  const { object, created } = await resource.update(
    { namespace, name },
    async (current) => {
      if (!current) await authorize(machinery.authorizer, attributesOfOperation(operation, "create"));
      // The registry owns a draft once it has it: a second attempt needs a fresh one.
      const draft = next ?? (await decode(false));
      next = undefined;
      return draft;
    },
    { ...writeOptions, ...(uid ? { preconditions: { uid } } : {}) },
  );
  return { type: "object", object, created };
}
