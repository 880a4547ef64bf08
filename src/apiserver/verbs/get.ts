import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { scaleOf } from "../scale.ts";
import { subresourceOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";

/** One object, or its subresource: for status and the like that is the whole object. */
export async function get(_: ServerContext, operation: OperationOf<"get">): Promise<Result> {
  const { target, namespace, name } = operation;
  const { definition } = target.resource;
  const stored = await target.resource.get(
    { namespace, name },
    operation.resourceVersion === undefined ? undefined : { resourceVersion: operation.resourceVersion },
  );
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if (subresource?.type === "scale") return { type: "value", value: scaleOf(stored.object, subresource), code: 200 };
  return { type: "object", object: stored };
}
