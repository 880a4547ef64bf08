/** What a list or watch may ask for together, in upstream's words (apimachinery meta/internalversion/validation). */
import { forbidden, notSupported, type FieldError } from "../field-error.ts";
import { invalidObject } from "../status-error.ts";

/** The part of ListOptions that this is about. */
export interface TogetherInList {
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly sendInitialEvents?: boolean;
}

const EXACT = "Exact";
const NOT_OLDER_THAN = "NotOlderThan";

/** Checks the options of a list. Throws 422 with all that is wrong. */
export function validateListOptions(options: TogetherInList): void {
  const { resourceVersionMatch: match, resourceVersion, sendInitialEvents } = options;
  if (!match && sendInitialEvents === undefined) return;
  const errors: FieldError[] = [];
  if (match) {
    if (!resourceVersion) errors.push(noMatch("is forbidden unless resourceVersion is provided"));
    if (options.continue) errors.push(noMatch("is forbidden when continue is provided"));
    if (match !== EXACT && match !== NOT_OLDER_THAN) {
      errors.push(notSupported("resourceVersionMatch", match, [EXACT, NOT_OLDER_THAN, ""], "given"));
    }
    if (match === EXACT && resourceVersion === "0") {
      errors.push(noMatch('"exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) {
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  refuse(errors);
}

/** Checks the options of a watch. Throws 422 with all that is wrong. */
export function validateWatchOptions(options: TogetherInList): void {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  if (!match && sendInitialEvents === undefined) return;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== NOT_OLDER_THAN) {
    const detail = `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`;
    errors.push(forbidden("resourceVersionMatch", detail));
  }
  if (match) {
    if (sendInitialEvents === undefined) {
      errors.push(noMatch("is forbidden for watch unless sendInitialEvents is provided"));
    }
    if (match !== NOT_OLDER_THAN) errors.push(notSupported("resourceVersionMatch", match, [NOT_OLDER_THAN]));
    if (options.continue) errors.push(noMatch("is forbidden when continue is provided"));
  }
  refuse(errors);
}

const noMatch = (detail: string): FieldError => forbidden("resourceVersionMatch", `resourceVersionMatch ${detail}`);

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject("meta.k8s.io", "ListOptions", "", errors);
}
