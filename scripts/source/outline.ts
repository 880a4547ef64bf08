// The functions of a source and the calls in it, with where they stand: what the checks look at. Pure.
import { Visitor } from "oxc-parser";
import type * as ESTree from "oxc-parser";
import type { Source } from "./sources.ts";

export interface Span {
  /** Offsets in the text. */
  readonly start: number;
  readonly end: number;
}

export interface FunctionOutline extends Span {
  /** With the names of the functions around it: `startScheduler.bind`; a callback has the name of what is called. */
  readonly name: string;
  /** Its own name, when it can be called by one. */
  readonly ownName?: string;
  readonly isMethod: boolean;
}

export interface Call extends Span {
  /** `assert` in `assert.deep.equal(…)`; absent when what is called is no name. */
  readonly root?: string;
  /** The names after it: `["deep", "equal"]`. */
  readonly path: readonly string[];
  readonly arguments: readonly ESTree.Argument[];
}

export interface Outline {
  readonly functions: readonly FunctionOutline[];
  readonly calls: readonly Call[];
  /** Where something is thrown. */
  readonly throws: readonly Span[];
}

const outlines = new WeakMap<Source, Outline>();

/** Made once for each source. */
export function outlineOf(source: Source): Outline {
  const known = outlines.get(source);
  if (known) return known;
  const outline = makeOutline(source);
  outlines.set(source, outline);
  return outline;
}

/** What a function is called by what is around it. */
interface Given {
  readonly name: string;
  readonly isMethod?: boolean;
  readonly isCallback?: boolean;
}

function makeOutline(source: Source): Outline {
  const functions: FunctionOutline[] = [];
  const calls: Call[] = [];
  const throws: Span[] = [];
  const names = new Map<object, Given>();
  const around: string[] = [];

  const enter = (node: ESTree.Function | ESTree.ArrowFunctionExpression) => {
    const id = node.type === "ArrowFunctionExpression" ? null : node.id;
    const given: Given = names.get(node) ?? (id ? { name: id.name } : { name: "(function)", isCallback: true });
    around.push(given.name);
    functions.push({
      start: node.start,
      end: node.end,
      name: around.join("."),
      ...(given.isCallback ? {} : { ownName: given.name }),
      isMethod: given.isMethod ?? false,
    });
  };
  const leave = () => void around.pop();
  const member = (node: ESTree.ObjectProperty | ESTree.MethodDefinition | ESTree.PropertyDefinition) => {
    if (node.value && isFunction(node.value)) names.set(node.value, { name: keyOf(node.key), isMethod: true });
  };

  new Visitor({
    VariableDeclarator: ({ id, init }) => {
      if (init && isFunction(init) && id.type === "Identifier") names.set(init, { name: id.name });
    },
    Property: (node) => member(node as ESTree.ObjectProperty),
    MethodDefinition: member,
    PropertyDefinition: member,
    CallExpression: (node) => {
      const callee = nameOf(node.callee);
      calls.push({ start: node.start, end: node.end, arguments: node.arguments, ...callee });
      const called = [callee.root, ...callee.path].filter((part) => part !== undefined).join(".");
      const [first] = node.arguments;
      const title = first?.type === "Literal" && typeof first.value === "string" ? first.value : "";
      for (const argument of node.arguments) {
        if (isFunction(argument)) names.set(argument, { name: `${called}(${title})`, isCallback: true });
      }
    },
    ThrowStatement: ({ start, end }) => void throws.push({ start, end }),
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": leave,
  }).visit(source.parsed.program);
  return { functions, calls, throws };
}

export const isFunction = (node: { readonly type: string }): node is ESTree.Function | ESTree.ArrowFunctionExpression =>
  node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression";

const keyOf = (key: ESTree.PropertyKey): string =>
  key.type === "Identifier" || key.type === "PrivateIdentifier"
    ? key.name
    : key.type === "Literal"
      ? String(key.value)
      : "[…]";

/** `a.b.c` as its names; what is between calls and brackets is left out. */
function nameOf(callee: ESTree.Expression | ESTree.Super): { readonly root?: string; readonly path: string[] } {
  const path: string[] = [];
  let node: { readonly type: string } = callee;
  for (;;) {
    if (node.type === "Identifier") return { root: (node as ESTree.IdentifierReference).name, path };
    if (node.type === "MemberExpression") {
      const { property, computed, object } = node as ESTree.MemberExpression;
      path.unshift(!computed && "name" in property ? property.name : "[…]");
      node = object;
    } else if (node.type === "ChainExpression") node = (node as ESTree.ChainExpression).expression;
    else if (node.type === "TSNonNullExpression") node = (node as ESTree.TSNonNullExpression).expression;
    else return { path };
  }
}
