import { deletionAdmissionOf } from "../admit.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import type { OperationOf } from "./operation-of.ts";

/** Deletes what a query selects, and answers with it. */
export async function deleteCollection(
  context: ServerContext,
  operation: OperationOf<"deletecollection">,
): Promise<Result> {
  const { target, query, options, user, warn } = operation;
  const validate = deletionAdmissionOf(context.admission, operation, options.dryRun ?? false);
  const list = await target.resource.deleteCollection(query, {
    ...options,
    user,
    warn,
    ...(validate ? { validate } : {}),
  });
  return { type: "list", list };
}
