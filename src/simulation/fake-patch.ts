/** JSON merge patch (RFC 7386) on a draft. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return structuredClone(patch);
  const result = isRecord(target) ? target : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}

/** The merge keys of the lists that tests patch; all other lists are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = { ownerReferences: "uid", conditions: "type" };

/** As much of a strategic merge patch as components under test send: lists with a merge key, `$patch: delete`. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return structuredClone(patch);
  const result = isRecord(target) ? target : {};
  for (const [field, value] of Object.entries(patch)) {
    const mergeKey = MERGE_KEYS[field];
    if (value === null) delete result[field];
    else if (mergeKey && Array.isArray(value)) result[field] = mergeList(result[field], value, mergeKey);
    else result[field] = strategicPatch(result[field], value);
  }
  return result;
}

function mergeList(target: unknown, patch: readonly unknown[], mergeKey: string): unknown[] {
  const list: unknown[] = Array.isArray(target) ? target : [];
  for (const item of patch.filter(isRecord)) {
    const at = list.findIndex((other) => isRecord(other) && other[mergeKey] === item[mergeKey]);
    if (item.$patch === "delete") {
      if (at >= 0) list.splice(at, 1);
    } else if (at >= 0) list[at] = strategicPatch(list[at], item);
    else list.push(structuredClone(item));
  }
  return list;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
