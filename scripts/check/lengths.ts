// Functions and files that are too long: pure.
import { outlineOf } from "../source/outline.ts";
import type { Source } from "../source/sources.ts";
import { isTestCode } from "../source/test-code.ts";
import { withExceptions, type Exceptions } from "./exceptions.ts";

/** Lines, from the first to the last. */
export const LIMITS = {
  function: { product: 80, test: 120 },
  file: { product: 400, test: 500 },
} as const;

const SUITE = /^(describe|suite)/;

/** `exceptions` by `path` for a file, by `path#function` for a function. */
export function checkLengths(sources: Iterable<Source>, exceptions: Exceptions): string[] {
  const found = new Map<string, string>();
  for (const source of sources) {
    const kind = isTestCode(source.path) ? "test" : "product";
    const lines = source.lineAt(source.text.length - 1);
    if (lines > LIMITS.file[kind])
      found.set(source.path, `${source.path}: ${lines} lines, of at most ${LIMITS.file[kind]}`);
    for (const { name, first, lines } of longFunctions(source, LIMITS.function[kind])) {
      const where = `${source.path}:${first}: ${name}: ${lines} lines`;
      found.set(`${source.path}#${name}`, `${where}, of at most ${LIMITS.function[kind]}`);
    }
  }
  return withExceptions(found, exceptions);
}

/** Without the bodies of suites, which are lists of tests. */
function longFunctions(source: Source, limit: number) {
  const { functions, calls } = outlineOf(source);
  const suites = new Set(
    calls.filter(({ root }) => SUITE.test(root ?? "")).flatMap((call) => call.arguments.map(({ start }) => start)),
  );
  return functions.flatMap(({ name, start, end }) => {
    const first = source.lineAt(start);
    const lines = source.lineAt(end - 1) - first + 1;
    return lines > limit && !suites.has(start) ? [{ name, first, lines }] : [];
  });
}
