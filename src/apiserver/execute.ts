import { methodNotSupported } from "#objects";
import { attributesOfOperation, authorize } from "./authorize.ts";
import type { ServerContext } from "./server-context.ts";
import type { Operation, Result } from "./operation.ts";
import { namingOf, subresourceOf, verbsOf } from "./target.ts";
import { create } from "./verbs/create.ts";
import { deleteObject } from "./verbs/delete.ts";
import { deleteCollection } from "./verbs/delete-collection.ts";
import { get } from "./verbs/get.ts";
import { list } from "./verbs/list.ts";
import { patch } from "./verbs/patch.ts";
import { update } from "./verbs/update.ts";
import { watch } from "./verbs/watch.ts";

/** Authorizes an operation and carries it out. Rejects with a StatusError. */
export async function execute(context: ServerContext, operation: Operation): Promise<Result> {
  await authorize(context.authorizer, attributesOfOperation(operation));
  return perform(context, operation);
}

/** Carries out an operation that is authorized. Rejects with a StatusError. */
export async function perform(context: ServerContext, operation: Operation): Promise<Result> {
  const { definition } = operation.target.resource;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if ((operation.subresource && !subresource) || !verbsOf(definition, subresource).includes(operation.verb)) {
    throw methodNotSupported(namingOf(operation.target).subject, operation.verb);
  }
  const { deprecation } = operation.target.version;
  if (deprecation) operation.warn(deprecation);
  switch (operation.verb) {
    case "get":
      return get(context, operation);
    case "list":
      return list(context, operation);
    case "watch":
      return watch(context, operation);
    case "create":
      return create(context, operation);
    case "update":
      return update(context, operation);
    case "patch":
      return patch(context, operation);
    case "delete":
      return deleteObject(context, operation);
    case "deletecollection":
      return deleteCollection(context, operation);
  }
}
