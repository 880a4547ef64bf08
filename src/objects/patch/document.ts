/** What a patch is worked into. */
import { copyJson, isList, isMap, type JsonMap } from "../json.ts";

/**
 * A copy of a document that may be changed. Frozen managedFields of its own that the patch does not name stay as
 * they are: they are large, and it shows that they are untouched.
 */
export function documentCopy(document: Readonly<JsonMap>, patch: Readonly<JsonMap>): JsonMap {
  const { metadata } = document;
  const { metadata: changes } = patch;
  if (!isMap(metadata) || !isList(metadata["managedFields"]) || !Object.isFrozen(metadata["managedFields"])) {
    return copyJson(document) as JsonMap;
  }
  // Directives have the field's name in theirs.
  if (isMap(changes)) {
    for (const key in changes) if (key.endsWith("managedFields")) return copyJson(document) as JsonMap;
  }
  const { managedFields, ...own } = metadata;
  const copy = copyJson({ ...document, metadata: own }) as JsonMap;
  (copy["metadata"] as JsonMap)["managedFields"] = managedFields;
  return copy;
}
