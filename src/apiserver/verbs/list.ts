import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import type { OperationOf } from "./operation-of.ts";

/** The objects that a query selects, at one revision. */
export async function list(_: ServerContext, { target, query }: OperationOf<"list">): Promise<Result> {
  return { type: "list", list: await target.resource.list(query) };
}
