import { methodNotSupported } from "#objects";
import { attributesOfOperation, authorize } from "./authorize.ts";
import type { Machinery } from "./machinery.ts";
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
export async function execute(machinery: Machinery, operation: Operation): Promise<Result> {
  await authorize(machinery.authorizer, attributesOfOperation(operation));
  return perform(machinery, operation);
}

/** Carries out an operation that is authorized. Rejects with a StatusError. */
export async function perform(machinery: Machinery, operation: Operation): Promise<Result> {
  const { definition } = operation.target.resource;
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if ((operation.subresource && !subresource) || !verbsOf(definition, subresource).includes(operation.verb)) {
    throw methodNotSupported(namingOf(operation.target).subject, operation.verb);
  }
  const { deprecation } = operation.target.version;
  if (deprecation) operation.warn(deprecation);
  switch (operation.verb) {
    case "get":
      return get(machinery, operation);
    case "list":
      return list(machinery, operation);
    case "watch":
      return watch(machinery, operation);
    case "create":
      return create(machinery, operation);
    case "update":
      return update(machinery, operation);
    case "patch":
      return patch(machinery, operation);
    case "delete":
      return deleteObject(machinery, operation);
    case "deletecollection":
      return deleteCollection(machinery, operation);
  }
}
