import { computedList } from "../computed.ts";
import type { Machinery } from "../machinery.ts";
import type { Result } from "../operation.ts";
import { scaleOf } from "../scale.ts";
import { namingOf, subresourceOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";
import { notFoundError } from "#objects";

/** One object, or its subresource: for status and the like that is the whole object. */
export async function get({ registry }: Machinery, operation: OperationOf<"get">): Promise<Result> {
  const { target, namespace, name } = operation;
  const { definition } = target.resource;
  if (definition.computedObjects) {
    const found = computedList(definition, registry).items.find((item) => item.key.name === name);
    if (!found) throw notFoundError(namingOf(target).subject, name);
    return { type: "object", object: found };
  }
  const stored = await target.resource.get(
    { namespace, name },
    operation.resourceVersion === undefined ? undefined : { resourceVersion: operation.resourceVersion },
  );
  const subresource = operation.subresource ? subresourceOf(definition, operation.subresource) : undefined;
  if (subresource?.type === "scale") return { type: "value", value: scaleOf(stored.object, subresource), code: 200 };
  return { type: "object", object: stored };
}
