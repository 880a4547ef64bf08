/**
 * A resourceVersion as a number. Versions of one API server are whole numbers that grow with every write
 * (KEP-5504 made comparing them official); an empty or unreadable one counts as 0, older than everything.
 */
export function revisionOf(resourceVersion: string | undefined): number {
  if (!resourceVersion) return 0;
  const revision = Number(resourceVersion);
  return Number.isSafeInteger(revision) && revision >= 0 ? revision : 0;
}
