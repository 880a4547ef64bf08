import type { Status } from "#objects";
import { deletionAdmissionOf } from "../admit.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { namingOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";

/**
 * Deletes an object, or begins to: then the object is answered. When it is gone at once the answer is a Status,
 * or for some kinds the object as it was.
 */
export async function deleteObject(context: ServerContext, operation: OperationOf<"delete">): Promise<Result> {
  const { target, namespace, name, options, user, warn } = operation;
  const { definition } = target.resource;
  const validate = deletionAdmissionOf(context.admission, operation, options.dryRun ?? false);
  const { object, deleted } = await target.resource.delete(
    { namespace, name },
    { ...options, user, warn, ...(validate ? { validate } : {}) },
  );
  if (!deleted || definition.returnsDeletedObject) return { type: "object", object };
  const { group } = namingOf(target).subject;
  const { uid } = object.object.metadata;
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: object.key.name,
      ...(group ? { group } : {}),
      kind: definition.resource,
      ...(uid ? { uid } : {}),
    },
  };
  return { type: "value", value: status, code: 200 };
}
