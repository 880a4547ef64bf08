/** What an apply wants to change although others own it. */
import { StatusError } from "../status-error.ts";
import { managerKey, type Entry } from "./entries.ts";
import { printedPaths, type FieldSet } from "./field-set.ts";

export interface Conflict {
  readonly entry: Entry;
  readonly fields: FieldSet;
}

/** `"kubectl" with subresource "status" using apps/v1`; appliers have no version. */
function printManager({ manager, subresource, operation, apiVersion }: Entry): string {
  const name = `${JSON.stringify(manager)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ""}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

/** 409, with one cause per field and upstream's text. */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const sorted = conflicts
    .map(({ entry, fields }) => ({ key: managerKey(entry), who: printManager(entry), paths: printedPaths(fields) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const causes = sorted.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field })),
  );
  const text =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`
      : `Apply failed with ${causes.length} conflicts: ${sorted
          .flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)])
          .join("\n")}`;
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: text,
    reason: "Conflict",
    details: { causes },
    code: 409,
  });
}
