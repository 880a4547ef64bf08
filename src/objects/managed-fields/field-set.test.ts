import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  below,
  decodeSet,
  EMPTY,
  hasElement,
  intersect,
  isEmptySet,
  isOwnSet,
  matching,
  printedPaths,
  setOf,
  subtract,
  subtractDeep,
  union,
  type FieldSet,
} from "./field-set.ts";
import { compareElements, normalizedElement, printElement } from "./path-element.ts";

const element = fc.constantFrom(
  "f:a",
  "f:b",
  "f:c",
  'k:{"name":"x"}',
  'k:{"port":80,"protocol":"TCP"}',
  'v:"s"',
  "v:2",
);
/** A set as the plain list of its members, each a path. */
const model = fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

function build(paths: readonly (readonly string[])[]): FieldSet {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let node = root;
    for (const [i, step] of path.entries()) {
      node[step] ??= {};
      node = node[step] as Record<string, unknown>;
      if (i === path.length - 1) node["."] = {};
    }
  }
  return decodeSet(root);
}

const text = (path: readonly string[]) => path.join(" ");
const texts = (paths: readonly (readonly string[])[]) => new Set(paths.map(text));
const fromTexts = (paths: Iterable<string>) => build([...paths].map((path) => path.split(" ")));

test("sets are what their members say", () => {
  fc.assert(
    fc.property(model, model, (left, right) => {
      const [a, b] = [build(left), build(right)];
      const [x, y] = [texts(left), texts(right)];
      // Equal sets are the same object.
      assert.equal(union(a, b), fromTexts([...x, ...y]));
      assert.equal(intersect(a, b), fromTexts([...x].filter((path) => y.has(path))));
      assert.equal(subtract(a, b), fromTexts([...x].filter((path) => !y.has(path))));
      const isBelow = (path: string) => [...y].some((other) => path === other || path.startsWith(`${other} `));
      assert.equal(subtractDeep(a, b), fromTexts([...x].filter((path) => !isBelow(path))));
    }),
  );
});

test("what does not change a set gives back the set itself", () => {
  fc.assert(
    fc.property(model, (paths) => {
      const set = build(paths);
      assert.equal(union(set, set), set);
      assert.equal(union(set, EMPTY), set);
      assert.equal(subtract(set, EMPTY), set);
      assert.equal(subtract(set, setOf(["elsewhere"])), set);
      assert.equal(intersect(set, set), set);
      assert.equal(subtract(set, set), EMPTY);
      assert.equal(isEmptySet(set), paths.length === 0);
    }),
  );
});

test("what is written reads as the same set, in upstream's order", () => {
  fc.assert(
    fc.property(model, (paths) => {
      const set = build(paths);
      const json = JSON.stringify(set);
      assert.equal(decodeSet(JSON.parse(json)), set);
      assert.equal(JSON.stringify(decodeSet(JSON.parse(json))), json);
      assert.ok(Object.isFrozen(set));
      assert.ok(isOwnSet(set));
    }),
  );
});

test("a set tells its members from the ways to them", () => {
  const set = setOf(["spec", "replicas"], ["metadata"], ["metadata", "name"]);
  assert.deepEqual(set, { "f:metadata": { ".": {}, "f:name": {} }, "f:spec": { "f:replicas": {} } });
  assert.equal(hasElement(set, "f:metadata"), true);
  assert.equal(hasElement(set, "f:spec"), false);
  assert.equal(hasElement(set, "f:other"), false);
  assert.deepEqual(below(set, "f:metadata"), { "f:name": {} });
  assert.equal(below(set, "f:other"), EMPTY);
  assert.deepEqual(printedPaths(set), [".metadata", ".metadata.name", ".spec.replicas"]);
  // A member takes only itself away.
  assert.deepEqual(subtract(set, setOf(["metadata"])), {
    "f:metadata": { "f:name": {} },
    "f:spec": { "f:replicas": {} },
  });
  assert.deepEqual(subtractDeep(set, setOf(["metadata"])), { "f:spec": { "f:replicas": {} } });
});

test("elements are in order by kind and value", () => {
  const sorted = [
    "f:a",
    "f:b",
    'k:{"containerPort":80,"protocol":"TCP"}',
    'k:{"containerPort":80,"protocol":"UDP"}',
    'k:{"containerPort":443,"protocol":"TCP"}',
    'k:{"name":"a"}',
    'k:{"name":"a b"}',
    'k:{"name":"ab"}',
    "v:2",
    "v:10",
    'v:"a"',
    "v:false",
    "v:true",
    "i:2",
    "i:10",
  ];
  assert.deepEqual(sorted.toReversed().toSorted(compareElements), sorted);
});

test("elements that clients write are brought into one form", () => {
  assert.equal(normalizedElement('k:{ "b":1,"a" : "x" }'), 'k:{"a":"x","b":1}');
  assert.equal(normalizedElement('v: "a<b"'), 'v:"a\\u003cb"');
  assert.equal(normalizedElement("i:+3"), "i:3");
  assert.equal(normalizedElement("f:any thing"), "f:any thing");
  assert.equal(normalizedElement("z:future"), undefined);
  for (const wrong of ["", "f", "fx", "k:[]", "k:{", "v:", "i:x"]) {
    assert.throws(() => normalizedElement(wrong), Error, wrong);
  }
  assert.deepEqual(decodeSet({ "z:future": {}, "f:a": {} }), { "f:a": {} });
  assert.deepEqual(decodeSet({ 'k:{"b":1,"a":2}': {}, 'k:{"a":2, "b":1}': { "f:x": {} } }), {
    'k:{"a":2,"b":1}': { ".": {}, "f:x": {} },
  });
  for (const wrong of ["x", [], { "f:a": 1 }, { a: {} }]) assert.throws(() => decodeSet(wrong));
});

test("elements are printed as in upstream's messages", () => {
  assert.equal(printElement("f:replicas"), ".replicas");
  assert.equal(printElement('k:{"containerPort":80,"protocol":"TCP"}'), '[containerPort=80,protocol="TCP"]');
  assert.equal(printElement('v:"a"'), '[="a"]');
  assert.equal(printElement("i:3"), "[3]");
});

test("what matches paths with any item in them is what is below them, and the members on the way", () => {
  const set = decodeSet({
    "f:metadata": { "f:labels": { "f:a": {} } },
    "f:spec": {
      "f:nodeName": {},
      "f:containers": {
        'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:resources": { ".": {}, "f:limits": { "f:cpu": {} } } },
        'k:{"name":"b"}': { ".": {}, "f:image": {} },
      },
    },
  });
  assert.deepEqual(matching(set, [["spec", "containers", "*", "resources"]]), {
    "f:spec": {
      "f:containers": {
        'k:{"name":"a"}': { ".": {}, "f:resources": { ".": {}, "f:limits": { "f:cpu": {} } } },
        'k:{"name":"b"}': {},
      },
    },
  });
  assert.equal(isEmptySet(matching(set, [["status"]])), true);
});
