/** What clients say about a request beside the object (apimachinery meta/v1/validation). */
import { invalid, tooLong, type FieldError } from "../field-error.ts";
import { byteLength } from "./text.ts";

const MAX_FIELD_MANAGER_BYTES = 128;
const unprintableRegExp = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** What nearly all of them are. */
const plainManager = /^[ -~]{0,128}$/;

/** The name of a field manager: up to 128 bytes, printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  if (plainManager.test(manager)) return [];
  const errors: FieldError[] = [];
  if (byteLength(manager) > MAX_FIELD_MANAGER_BYTES) errors.push(tooLong(path, "", MAX_FIELD_MANAGER_BYTES));
  for (const match of manager.matchAll(unprintableRegExp)) {
    const code = match[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    const at = byteLength(manager.slice(0, match.index));
    errors.push(invalid(path, manager, `invalid character U+${code} (at position ${at})`));
  }
  return errors;
}
