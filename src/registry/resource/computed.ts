/** Kinds that are only read and of which nothing is stored (ComponentStatus). */
import { notFoundError, validateListOptions, type ObjectKey } from "#objects";
import type { ListQuery, ListResult } from "../contract.ts";
import type { Stored } from "../cache/stored.ts";
import { subjectOf } from "./errors.ts";
import { compileSelection } from "./selection.ts";
import { unstored, type Writer } from "./writer.ts";

async function computed(writer: Writer, wanted: string): Promise<Stored[]> {
  const objects = (await writer.definition.computedObjects?.(writer.registry, wanted)) ?? [];
  return objects
    .map((object) =>
      unstored(writer, { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" }, object),
    )
    .sort((a, b) => compare(a.key.namespace, b.key.namespace) || compare(a.key.name, b.key.name));
}

const compare = (a: string, b: string) => Number(a > b) - Number(a < b);

export async function computedObject(writer: Writer, key: ObjectKey): Promise<Stored> {
  const namespace = writer.definition.namespaced ? key.namespace : "";
  const found = (await computed(writer, namespace)).find((object) => {
    return object.key.name === key.name && object.key.namespace === namespace;
  });
  if (!found) throw notFoundError(subjectOf(writer.definition), key.name);
  return found;
}

/** Nothing of it is stored: it is of no revision. */
export async function computedList(writer: Writer, query: ListQuery): Promise<ListResult> {
  validateListOptions(query);
  const selector = compileSelection(writer.definition, query);
  const inNamespace = ({ key }: Stored) => !selector.namespace || key.namespace === selector.namespace;
  const items = (await computed(writer, selector.namespace ?? "")).filter(
    (object) => inNamespace(object) && selector.matches(object),
  );
  return { resourceVersion: "", items };
}
