// What is shipped does not need what is there for tests: pure.
import { importsOf, resolveImport } from "../source/imports.ts";
import type { Source } from "../source/sources.ts";
import { isProduct, isTestCode } from "../source/test-code.ts";

export function checkProduct(sources: Iterable<Source>): string[] {
  const problems: string[] = [];
  for (const source of sources) {
    if (!isProduct(source.path)) continue;
    for (const { specifier, line } of importsOf(source)) {
      const target = resolveImport(source.path, specifier);
      if (target !== undefined && isTestCode(target))
        problems.push(`${source.path}:${line}: product code imports test code (${specifier})`);
    }
  }
  return problems.sort();
}
