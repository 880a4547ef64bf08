import { computedList } from "../computed.ts";
import type { Machinery } from "../machinery.ts";
import type { Result } from "../operation.ts";
import { validateListOptions } from "../options.ts";
import type { OperationOf } from "./operation-of.ts";

/** The objects that a query selects, at one revision. */
export async function list({ registry }: Machinery, { target, query }: OperationOf<"list">): Promise<Result> {
  validateListOptions(query);
  const { definition } = target.resource;
  if (definition.computedObjects) return { type: "list", list: computedList(definition, registry) };
  return { type: "list", list: await target.resource.list(query) };
}
