import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import type { OperationOf } from "./operation-of.ts";

/** Changes from a revision on, in order. */
export function watch(_context: ServerContext, { target, query }: OperationOf<"watch">): Result {
  return { type: "watch", events: target.resource.watch(query) };
}
