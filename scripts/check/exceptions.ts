/** Why something that a rule refuses may stay, by the rule's key of it. */
export type Exceptions = Readonly<Record<string, string>>;

/** What was found without what is excepted, and the exceptions that nothing needs any more. */
export function withExceptions(found: ReadonlyMap<string, string>, exceptions: Exceptions): string[] {
  const refused = [...found].filter(([key]) => !Object.hasOwn(exceptions, key)).map(([, problem]) => problem);
  const stale = Object.keys(exceptions).filter((key) => !found.has(key));
  return [...refused, ...stale.map((key) => `${key}: this exception is needed no more; remove it`)].sort();
}
