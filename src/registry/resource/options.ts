/** What a list or watch may ask for together, with upstream's texts (meta/internalversion/validation). */
import { badRequest, forbidden, invalidObject, notSupported, plainError, type FieldError } from "#objects";
import type { ListQuery, WatchQuery } from "../contract.ts";

const EXACT = "Exact";
const NOT_OLDER_THAN = "NotOlderThan";

/** Throws 422 with all that is wrong. */
export function checkListOptions(query: ListQuery): void {
  const match = query.resourceVersionMatch;
  if (!match) return;
  const errors: FieldError[] = [];
  const wrong = (detail: string) => errors.push(forbidden("resourceVersionMatch", detail));
  if (!query.resourceVersion) wrong("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (query.continue) wrong("resourceVersionMatch is forbidden when continue is provided");
  if (match !== EXACT && match !== NOT_OLDER_THAN) {
    errors.push(notSupported("resourceVersionMatch", match, [EXACT, NOT_OLDER_THAN, ""], "given"));
  }
  if (match === EXACT && query.resourceVersion === "0") {
    wrong('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  refuse(errors);
}

/** Throws 422 with all that is wrong. */
export function checkWatchOptions(query: WatchQuery): void {
  const match = query.resourceVersionMatch;
  const errors: FieldError[] = [];
  const wrong = (detail: string) => errors.push(forbidden("resourceVersionMatch", detail));
  if (query.sendInitialEvents !== undefined && match !== NOT_OLDER_THAN) {
    wrong(`sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`);
  }
  if (match) {
    if (query.sendInitialEvents === undefined) {
      wrong("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (match !== NOT_OLDER_THAN) errors.push(notSupported("resourceVersionMatch", match, [NOT_OLDER_THAN]));
  }
  refuse(errors);
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject("meta.k8s.io", "ListOptions", "", errors);
}

/** The revision that a resourceVersion names; 0 for none and for "0" (any). Throws 400. */
export function parseRevision(resourceVersion: string | undefined): number {
  if (!resourceVersion || resourceVersion === "0") return 0;
  const problem = revisionProblem(resourceVersion);
  if (problem) throw badRequest(`invalid resource version: ${invalidRevision(resourceVersion, problem)}`);
  return Number(resourceVersion);
}

/** The same for watches and single objects, whose errors upstream does not look into. Throws 500. */
export function parseRevisionPlainly(text: string | undefined): number {
  if (!text || text === "0") return 0;
  const problem = revisionProblem(text);
  if (problem) throw plainError(invalidRevision(text, problem));
  return Number(text);
}

const invalidRevision = (text: string, problem: string) =>
  `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${problem}`;

/** Go's complaint about a text that is no unsigned number of 64 bits. */
export function revisionProblem(text: string): string | undefined {
  if (!/^[0-9]+$/.test(text)) return `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  if (BigInt(text) >= 2n ** 64n) return `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`;
  return undefined;
}
