// Functions and files that are too long: pure.
import { isFunction, outlineOf, type Call, type Span } from "../source/outline.ts";
import type { Source } from "../source/sources.ts";
import { isTestCode } from "../source/test-code.ts";
import { withExceptions, type Exceptions } from "./exceptions.ts";

/** Lines, from the first to the last. */
export const LIMITS = {
  function: { product: 80, test: 120 },
  file: { product: 400, test: 500 },
} as const;

/**
 * In tests, a callback with a title (`test("…", () => …)`) counts alone, and not for what is around it; suites are
 * lists of these and of cases, and count not at all.
 *
 * `exceptions` by `path` for a file, by `path#function` for a function.
 */
export function checkLengths(sources: Iterable<Source>, exceptions: Exceptions): string[] {
  const found = new Map<string, string>();
  for (const source of sources) {
    const kind = isTestCode(source.path) ? "test" : "product";
    const lines = source.lineAt(source.text.length - 1);
    if (lines > LIMITS.file[kind])
      found.set(source.path, `${source.path}: ${lines} lines, of at most ${LIMITS.file[kind]}`);
    for (const { name, first, lines } of longFunctions(source, kind)) {
      const where = `${source.path}:${first}: ${name}: ${lines} lines`;
      found.set(`${source.path}#${name}`, `${where}, of at most ${LIMITS.function[kind]}`);
    }
  }
  return withExceptions(found, exceptions);
}

function longFunctions(source: Source, kind: "product" | "test") {
  const limit = LIMITS.function[kind];
  const { functions, calls: all } = outlineOf(source);
  const calls = kind === "test" ? all : [];
  const pieces = calls.filter(isTitled).flatMap((call) => call.arguments.filter(isFunction));
  const suites = new Set(calls.filter(isSuite).flatMap((call) => call.arguments.map(({ start }) => start)));
  const linesOf = ({ start, end }: Span) => source.lineAt(end - 1) - source.lineAt(start) + 1;
  return functions.flatMap((each) => {
    if (suites.has(each.start)) return [];
    const inside = pieces.filter((piece) => piece.start > each.start && piece.end < each.end);
    const outermost = inside.filter(
      (piece) => !inside.some((other) => other.start < piece.start && other.end > piece.end),
    );
    const lines = linesOf(each) - outermost.reduce((sum, piece) => sum + linesOf(piece), 0);
    return lines > limit ? [{ name: each.name, first: source.lineAt(each.start), lines }] : [];
  });
}

const isSuite = ({ root }: Call): boolean => /^(describe|suite)/.test(root ?? "");

const isTitled = ({ root, arguments: [title] }: Call): boolean =>
  /^(test|it)$/.test(root ?? "") ||
  title?.type === "TemplateLiteral" ||
  (title?.type === "Literal" && typeof title.value === "string");
