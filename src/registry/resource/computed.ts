/** Kinds that are only read and of which nothing is stored (ComponentStatus). */
import { notFoundError, type ObjectKey } from "#objects";
import type { ListQuery, ListResult } from "../contract.ts";
import type { Stored } from "../cache/stored.ts";
import { subjectOf } from "./errors.ts";
import { checkListOptions } from "./options.ts";
import { compileSelection } from "./selection.ts";
import { unstored, type Writer } from "./writer.ts";

function computed(writer: Writer): Stored[] {
  const objects = writer.definition.computedObjects?.(writer.registry) ?? [];
  return objects
    .map((object) =>
      unstored(writer, { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" }, object),
    )
    .sort((a, b) => (a.key.name < b.key.name ? -1 : 1));
}

export function computedObject(writer: Writer, key: ObjectKey): Stored {
  const found = computed(writer).find((object) => object.key.name === key.name);
  if (!found) throw notFoundError(subjectOf(writer.definition), key.name);
  return found;
}

export function computedList(writer: Writer, query: ListQuery): ListResult {
  checkListOptions(query);
  const selector = compileSelection(writer.definition, query);
  return { resourceVersion: String(writer.revisions.current), items: computed(writer).filter(selector.matches) };
}
