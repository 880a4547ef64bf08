import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { validateWatchOptions } from "../options.ts";
import type { OperationOf } from "./operation-of.ts";

/** Changes from a revision on, in order. */
export function watch(_context: ServerContext, { target, query }: OperationOf<"watch">): Result {
  validateWatchOptions(query);
  return { type: "watch", events: target.resource.watch(query) };
}
