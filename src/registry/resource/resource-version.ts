/** The revision that a client names by a resourceVersion. */
import { badRequest, plainError } from "#objects";

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
