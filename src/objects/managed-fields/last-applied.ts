/** The annotation of client-side apply, which kubectl's server-side apply takes over and keeps up to date. */
import { jsonText, parseJson } from "../int64.ts";
import { copyJson, isList, isMap, type JsonMap } from "../json.ts";
import type { AnyDraft } from "../object.ts";
import type { ObjectSchema } from "../schema/model.ts";
import { MAX_ANNOTATIONS_BYTES } from "../validation/labels.ts";
import { byteLength } from "../validation/text.ts";
import { allOf, differenceOf } from "./difference.ts";
import { subtract, type FieldSet } from "./field-set.ts";
import { claimedFields } from "./fields-of.ts";

export const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** Only for this manager the annotation is looked at. */
export const KUBECTL = "kubectl";

/**
 * The fields that were applied by client-side apply and still are as it left them: kubectl may take them over without
 * a conflict. Undefined when there is no usable annotation.
 */
export function takeoverFields(
  live: Readonly<JsonMap>,
  lastApplied: string | undefined,
  apiVersion: string,
  schema: ObjectSchema,
): FieldSet | undefined {
  if (!lastApplied) return undefined;
  let applied: unknown;
  try {
    applied = parseJson(lastApplied);
  } catch {
    return undefined;
  }
  if (!isMap(applied) || applied["apiVersion"] !== apiVersion) return undefined;
  const difference = differenceOf(applied, live, schema);
  const claimed = claimedFields(applied, schema);
  return difference ? subtract(claimed, allOf(difference)) : claimed;
}

/** Brings the annotation, if there is one, up to what was applied; drops it when annotations would grow too large. */
export function updateLastApplied(draft: AnyDraft, applied: Readonly<JsonMap>): void {
  const annotations = draft.metadata.annotations as Record<string, string> | undefined;
  if (!annotations?.[LAST_APPLIED_ANNOTATION]) return;
  const copy = copyJson(applied) as { metadata?: { annotations?: Record<string, string> } };
  delete copy.metadata?.annotations?.[LAST_APPLIED_ANNOTATION];
  annotations[LAST_APPLIED_ANNOTATION] = `${goJson(copy)}\n`;
  let bytes = 0;
  for (const key in annotations) bytes += byteLength(key) + byteLength(annotations[key]!);
  if (bytes > MAX_ANNOTATIONS_BYTES) delete annotations[LAST_APPLIED_ANNOTATION];
}

/** JSON as Go's encoder writes maps: keys in order, without what HTML might take for markup. */
function goJson(value: unknown): string {
  return jsonText(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: unknown): unknown {
  if (isList(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}
