// What a source imports and hands on: pure.
import { posix } from "node:path";
import type { Source } from "./sources.ts";

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** The names that it asks the module for; `all` for `import * as`, `export * from`, `import()` and the like. */
  readonly names: readonly string[] | "all";
  /** Gone when the file runs. */
  readonly typeOnly: boolean;
}

export function importsOf(source: Source): Import[] {
  const { module } = source.parsed;
  const fromImports = module.staticImports.map(({ start, moduleRequest, entries }): Import => {
    const byName = entries.length > 0 && entries.every(({ importName }) => (importName.kind as string) === "Name");
    return {
      specifier: moduleRequest.value,
      line: source.lineAt(start),
      names: byName ? entries.filter((entry) => !entry.isType).map(({ importName }) => importName.name!) : "all",
      typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
    };
  });
  const fromExports = module.staticExports.flatMap(({ start, entries }): Import[] => {
    const handedOn = entries.filter((entry) => entry.moduleRequest);
    if (handedOn.length === 0) return [];
    const byName = handedOn.every(({ importName }) => (importName.kind as string) === "Name");
    return [
      {
        specifier: handedOn[0]!.moduleRequest!.value,
        line: source.lineAt(start),
        names: byName ? handedOn.filter((entry) => !entry.isType).map(({ importName }) => importName.name!) : "all",
        typeOnly: handedOn.every((entry) => entry.isType),
      },
    ];
  });
  const dynamic = module.dynamicImports.map(({ start, moduleRequest }): Import => ({
    specifier: source.text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^["'`]|["'`]$/g, ""),
    line: source.lineAt(start),
    names: "all",
    typeOnly: false,
  }));
  return [...fromImports, ...fromExports, ...dynamic];
}

/** Where the exports of a module come from, when it only hands them on. */
export interface HandedOn {
  readonly specifier: string;
  /** The name there; absent for all of them, as in `export * as name from`. */
  readonly name?: string;
}

export interface Exports {
  /** Made in the module itself. */
  readonly own: ReadonlySet<string>;
  /** `export { name } from "…"`, by exported name. */
  readonly named: ReadonlyMap<string, HandedOn>;
  /** The modules of `export * from "…"`. */
  readonly whole: readonly string[];
}

export function exportsOf(source: Source): Exports {
  const own = new Set<string>();
  const named = new Map<string, HandedOn>();
  const whole: string[] = [];
  for (const { moduleRequest, importName, exportName } of source.parsed.module.staticExports.flatMap(
    (e) => e.entries,
  )) {
    if (!moduleRequest) own.add(exportName.name ?? "default");
    else if (exportName.name === null) whole.push(moduleRequest.value);
    else {
      const byName = (importName.kind as string) === "Name";
      named.set(exportName.name, { specifier: moduleRequest.value, ...(byName ? { name: importName.name! } : {}) });
    }
  }
  return { own, named, whole };
}

const PUBLIC: Readonly<Record<string, string>> = {
  knarr: "src/cluster/index.ts",
  "knarr/objects": "src/objects/index.ts",
};

/** The path of the file that the specifier means in this file; undefined for packages and what Node brings. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}/index.ts`;
  return PUBLIC[specifier];
}
