// What knip found, without what is excepted: pure.
import { withExceptions, type Exceptions } from "./exceptions.ts";

interface KnipReport {
  readonly issues: readonly ({ readonly file: string } & Readonly<Record<string, unknown>>)[];
}

interface Item {
  readonly name: string;
  readonly line?: number;
}

/** The kinds of knip, in words. */
const WORDS: Readonly<Record<string, string>> = {
  files: "nothing needs this file",
  exports: "nothing uses this export",
  types: "nothing uses this exported type",
  dependencies: "nothing uses this package",
  devDependencies: "nothing uses this package",
};

/** `report` is what `knip --reporter json` printed; `exceptions` by `path#name`. */
export function checkUnused(report: string, exceptions: Exceptions): string[] {
  const { issues } = JSON.parse(report) as KnipReport;
  const found = new Map<string, string>();
  for (const { file, ...kinds } of issues) {
    for (const [kind, items] of Object.entries(kinds)) {
      // An index also names the types of what its functions take and give.
      if (kind === "types" && file.endsWith("/index.ts")) continue;
      if (!Array.isArray(items)) continue;
      for (const item of items.flat() as Item[]) {
        const where = item.line === undefined ? file : `${file}:${item.line}`;
        found.set(`${file}#${item.name}`, `${where}: ${item.name}: ${WORDS[kind] ?? kind}`);
      }
    }
  }
  return withExceptions(found, exceptions);
}
