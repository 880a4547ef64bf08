/** Whether a file is there for tests alone, by where it stands and what it is called; path from the root. */
export const isTestCode = (path: string): boolean =>
  /\.test\.ts$|\/testing\/|^test\/|^src\/simulation\/|(^|\/)test-[^/]*\.ts$/.test(path);

/** What is shipped. */
export const isProduct = (path: string): boolean => /^(src|bin)\//.test(path) && !isTestCode(path);
