// Every test asserts something: pure. A test does when in its body, or in a function that it calls by its name (of the
// same file, or imported from test code), something calls node:assert or `fc.assert`; such a function may also throw.
import type { Argument } from "oxc-parser";
import { exportsOf, resolveImport } from "../source/imports.ts";
import { isFunction, outlineOf, type Call, type FunctionOutline, type Span } from "../source/outline.ts";
import type { Source } from "../source/sources.ts";
import { isTestCode } from "../source/test-code.ts";
import { withExceptions, type Exceptions } from "./exceptions.ts";

/** `exceptions` by `path#name of the test`. */
export function checkAssertions(sources: ReadonlyMap<string, Source>, exceptions: Exceptions): string[] {
  const judge = new AssertionJudge(sources);
  const found = new Map<string, string>();
  for (const source of sources.values()) {
    if (!isTestCode(source.path)) continue;
    for (const call of testsOf(source)) {
      if (judge.asserts(source, call)) continue;
      const title = titleOf(call, source);
      const where = `${source.path}:${source.lineAt(call.start)}`;
      found.set(`${source.path}#${title}`, `${where}: the test ${title} asserts nothing`);
    }
  }
  return withExceptions(found, exceptions);
}

const titleOf = ({ arguments: [title] }: Call, source: Source): string =>
  title?.type === "Literal"
    ? String(title.value)
    : title
      ? source.text.slice(title.start, title.end)
      : "without a name";

/** The calls of `test` and `it` of node:test, and of `t.test`, but not of what is still to be written. */
function testsOf(source: Source): Call[] {
  const names = localNames(source, (specifier) => specifier === "node:test", ["test", "it"]);
  if (names.size === 0) return [];
  return outlineOf(source).calls.filter(({ root, path, arguments: given }) => {
    const last = given.at(-1);
    if (path.includes("todo") || given.some(isTodo)) return false;
    if (root !== undefined && names.has(root)) return path.every((name) => name === "skip" || name === "only");
    return path.at(-1) === "test" && last !== undefined && isFunction(last);
  });
}

const isTodo = (argument: Argument): boolean =>
  argument.type === "ObjectExpression" &&
  argument.properties.some((each) => each.type === "Property" && "name" in each.key && each.key.name === "todo");

/** The names in a source for these exports (all, when none are given) of the modules. */
function localNames(source: Source, isMeant: (specifier: string) => boolean, exports?: readonly string[]): Set<string> {
  const entries = source.parsed.module.staticImports
    .filter(({ moduleRequest }) => isMeant(moduleRequest.value))
    .flatMap((each) => each.entries);
  const meant = entries.filter(({ importName: { name } }) => !exports || name === null || exports.includes(name));
  return new Set(meant.map(({ localName }) => localName.value));
}

type Declared = readonly [Source, FunctionOutline];

class AssertionJudge {
  readonly #sources: ReadonlyMap<string, Source>;
  /** `false` also while it is being found out, so that recursion ends. */
  readonly #known = new Map<FunctionOutline, boolean>();
  readonly #assertNames = new WeakMap<Source, ReadonlySet<string>>();

  constructor(sources: ReadonlyMap<string, Source>) {
    this.#sources = sources;
  }

  asserts(source: Source, test: Call): boolean {
    const body = test.arguments.at(-1);
    if (!body || test.arguments.length < 2) return false;
    if (body.type === "Identifier") {
      // A parameter is judged where it comes from.
      const declared = this.#functions(source, body.name);
      return declared.length === 0 || declared.some((each) => this.#functionAsserts(each));
    }
    return outlineOf(source).calls.some((call) => isWithin(call, body) && this.#callAsserts(source, call));
  }

  #functionAsserts([source, declared]: Declared): boolean {
    const known = this.#known.get(declared);
    if (known !== undefined) return known;
    this.#known.set(declared, false);
    const { functions, calls, throws } = outlineOf(source);
    // What it only makes, without calling it, is none of its own.
    const made = functions.filter(
      (each) => each !== declared && each.ownName !== undefined && isWithin(each, declared),
    );
    const isOwn = (span: Span) => isWithin(span, declared) && !made.some((each) => isWithin(span, each));
    const answer = throws.some(isOwn) || calls.some((call) => isOwn(call) && this.#callAsserts(source, call));
    this.#known.set(declared, answer);
    return answer;
  }

  #callAsserts(source: Source, { root, path, arguments: given }: Call): boolean {
    if (root !== undefined && this.#namesOfAssert(source).has(root)) return true;
    // `t.assert.equal`, `fc.assert`
    if (path.includes("assert")) return true;
    const called = given.flatMap((each) => (each.type === "Identifier" ? [each.name] : []));
    if (root !== undefined && path.length === 0) called.push(root);
    return called.some((name) => this.#functions(source, name).some((each) => this.#functionAsserts(each)));
  }

  #namesOfAssert(source: Source): ReadonlySet<string> {
    const known = this.#assertNames.get(source);
    if (known) return known;
    const names = localNames(source, (specifier) => /^node:assert(\/strict)?$/.test(specifier));
    this.#assertNames.set(source, names);
    return names;
  }

  /** The functions of this name in the source, or else the one that it imports from test code. */
  #functions(source: Source, name: string): Declared[] {
    const own = ownFunctions(source, name);
    if (own.length > 0) return own;
    for (const { moduleRequest, entries } of source.parsed.module.staticImports) {
      const entry = entries.find(({ localName }) => localName.value === name);
      const target = entry && resolveImport(source.path, moduleRequest.value);
      if (target !== undefined) return this.#exported(target, entry?.importName.name ?? "default");
    }
    return [];
  }

  #exported(path: string, name: string): Declared[] {
    const source = this.#sources.get(path);
    if (!source || !isTestCode(path)) return [];
    const { named, whole } = exportsOf(source);
    const origin = named.get(name);
    for (const specifier of origin ? [origin.specifier] : whole) {
      const target = resolveImport(path, specifier);
      const found = target === undefined ? [] : this.#exported(target, origin?.name ?? name);
      if (found.length > 0) return found;
    }
    return ownFunctions(source, name);
  }
}

const ownFunctions = (source: Source, name: string): Declared[] =>
  outlineOf(source)
    .functions.filter((each) => each.ownName === name && !each.isMethod)
    .map((each): Declared => [source, each]);

const isWithin = (inner: Span, outer: Span): boolean => inner.start >= outer.start && inner.end <= outer.end;
