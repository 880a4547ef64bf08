import { methodNotSupported } from "#objects";
import { decodeBody, readingOf } from "../bodies.ts";
import { checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { isReview, review } from "../reviews.ts";
import { namingOf, subresourceOf } from "../target.ts";
import { createSubresource } from "./create-subresource.ts";
import type { OperationOf } from "./operation-of.ts";
import { writeOptionsOf } from "./write-options.ts";

/** Makes an object, computes a review, or hands a body to a subresource. */
export async function create(context: ServerContext, operation: OperationOf<"create">): Promise<Result> {
  const { target, namespace, name, body, options, warn } = operation;
  const { resource } = target;
  const { definition } = resource;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if (subresource?.type === "create") return createSubresource(context, operation, subresource);
  if (subresource || (definition.namespaced && !namespace)) {
    throw methodNotSupported(namingOf(target).subject, "create");
  }

  const draft = await decodeBody(body, readingOf(target, { ...options, warn }));
  checkTargetKind(draft, target);
  checkNamespace(draft, definition.namespaced ? namespace : "");
  if (name !== undefined) checkName(draft, name);
  if (isReview(definition)) return review(context, operation, draft);
  const object = await resource.create(draft, writeOptionsOf(context, operation));
  return { type: "object", object, created: true };
}
