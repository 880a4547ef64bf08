import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasReason } from "../status-error.ts";
import {
  compileLabelSelector,
  EVERYTHING,
  fieldSelectorOf,
  formatLabelSelector,
  NOTHING,
  parseFieldSelector,
  parseLabelSelector,
  selectorFromSet,
  selectorOf,
  type Operator,
  type Requirement,
} from "./index.ts";

/** A selector, and how upstream writes it again. */
const LABELS: readonly (readonly [text: string, canonical: string])[] = [
  ["", ""],
  ["a", "a"],
  ["!a", "!a"],
  ["a=b", "a=b"],
  ["a==b", "a==b"],
  ["a!=b", "a!=b"],
  ["a in (b,c)", "a in (b,c)"],
  ["a in (c, b)", "a in (b,c)"],
  ["a notin (b)", "a notin (b)"],
  ["a notin ()", "a notin ()"],
  ["a>1", "a>1"],
  ["a<10", "a<10"],
  ["a=", "a="],
  ["a in (,)", "a in ()"],
  ["a in (b,,c)", "a in (,b,c)"],
  ["x in (in,notin)", "x in (in,notin)"],
  ["b=1,a=2", "a=2,b=1"],
  [" a = b , c ", "a=b,c"],
];

const MALFORMED_LABELS: readonly (readonly [text: string, message: string])[] = [
  [",", "found ',', expected: !, identifier, or 'end of string'"],
  ["a,", "found '', expected: identifier after ','"],
  ["a,,b", "found ',', expected: identifier after ','"],
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ["!a=b", "found '=', expected: ',' or 'end of string'"],
  ["a=b=c", "found '=', expected: ',' or 'end of string'"],
  ["!", "unable to parse requirement: found '', expected: identifier"],
  ["a=(", "unable to parse requirement: found '(', expected: identifier"],
  [
    "a/b/c",
    "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
  ],
  [
    "-a",
    "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ],
  [
    "a=-b",
    "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ],
  [
    "a>b",
    "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
  ["a in", "unable to parse requirement: found '' expected: '('"],
  ["(a)", "found '(', expected: !, identifier, or 'end of string'"],
  ["a=!b", "unable to parse requirement: found '!', expected: identifier"],
  ["=b", "found '=', expected: !, identifier, or 'end of string'"],
  [
    "Not/Valid=x",
    "unable to parse requirement: <nil>: Invalid value: \"Not/Valid\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ],
];

test("label selectors are read, and written sorted", () => {
  for (const [text, canonical] of LABELS) assert.equal(parseLabelSelector(text).toString(), canonical, text);
});

test("malformed label selectors are refused with 400 and upstream's texts", () => {
  for (const [text, message] of MALFORMED_LABELS) {
    assert.throws(
      () => parseLabelSelector(text),
      (error: Error) => {
        assert.equal(error.message, message, text);
        return hasReason(error, "BadRequest");
      },
    );
  }
});

const MATCHES: readonly (readonly [selector: string, labels: Record<string, string>, matches: boolean])[] = [
  ["", {}, true],
  ["a=b", { a: "b" }, true],
  ["a=b", { a: "c" }, false],
  ["a=b", {}, false],
  ["a=", { a: "" }, true],
  ["a=", {}, false],
  ["a!=b", {}, true],
  ["a!=b", { a: "b" }, false],
  ["a!=b", { a: "c" }, true],
  ["a", { a: "" }, true],
  ["a", {}, false],
  ["!a", {}, true],
  ["!a", { a: "" }, false],
  ["a in (b,c)", { a: "c" }, true],
  ["a in (b,c)", { a: "d" }, false],
  ["a in (b,c)", {}, false],
  ["a notin (b,c)", {}, true],
  ["a notin (b,c)", { a: "b" }, false],
  ["a notin (b,c)", { a: "d" }, true],
  ["a>5", { a: "6" }, true],
  ["a>5", { a: "5" }, false],
  ["a<5", { a: "-4" }, true],
  ["a<5", { a: "four" }, false],
  ["a>5", {}, false],
  ["a>9007199254740992", { a: "9007199254740993" }, true],
  ["a=b,!c", { a: "b" }, true],
  ["a=b,!c", { a: "b", c: "d" }, false],
  ["constructor", {}, false],
  ["!toString", {}, true],
];

test("label selectors match labels, and nothing that objects inherit", () => {
  for (const [selector, labels, expected] of MATCHES) {
    assert.equal(parseLabelSelector(selector).matches(labels), expected, `${selector} ${JSON.stringify(labels)}`);
  }
  assert.equal(parseLabelSelector("a").matches(undefined), false);
  assert.equal(parseLabelSelector("!a").matches(undefined), true);
});

test("an absent LabelSelector selects nothing, an empty one everything", () => {
  assert.equal(compileLabelSelector(undefined), NOTHING);
  assert.equal(NOTHING.matches({ a: "b" }), false);
  assert.equal(NOTHING.empty, false);
  assert.equal(compileLabelSelector({}), EVERYTHING);
  assert.equal(EVERYTHING.matches({}), true);
  assert.equal(EVERYTHING.empty, true);
  assert.equal(selectorFromSet(undefined), EVERYTHING);
});

test("all of a LabelSelector's parts must hold", () => {
  const selector = compileLabelSelector({
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "In", values: ["b", "a"] },
      { key: "old", operator: "DoesNotExist" },
      { key: "zone", operator: "NotIn", values: ["x"] },
      { key: "env", operator: "Exists" },
    ],
  });
  assert.equal(selector.toString(), "app=web,env,!old,tier in (a,b),zone notin (x)");
  assert.equal(selector.matches({ app: "web", tier: "a", env: "" }), true);
  assert.equal(selector.matches({ app: "web", tier: "a", env: "", old: "" }), false);
  assert.equal(selector.matches({ app: "web", tier: "c", env: "" }), false);
  assert.equal(selector.exactValue("app"), "web");
  assert.equal(selector.exactValue("tier"), undefined);
});

test("a LabelSelector that is invalid is refused, and shown as an error", () => {
  const unknown = { matchExpressions: [{ key: "a", operator: "Is" }] };
  assert.throws(() => compileLabelSelector(unknown), { message: '"Is" is not a valid label selector operator' });
  assert.equal(formatLabelSelector(unknown), "<error>");
  assert.throws(() => compileLabelSelector({ matchExpressions: [{ key: "a", operator: "In" }] }), {
    message: "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  });
});

test("kubectl's column shows a selector, sorted, or <none>", () => {
  assert.equal(formatLabelSelector(undefined), "<none>");
  assert.equal(formatLabelSelector({}), "<none>");
  assert.equal(formatLabelSelector({ matchLabels: { b: "c", a: "d" } }), "a=d,b=c");
});

const key = fc.constantFrom("a", "b", "example.com/c");
const value = fc.constantFrom("", "1", "x", "y-z");
const requirement: fc.Arbitrary<Requirement> = fc
  .oneof(
    fc.record({ key, operator: fc.constantFrom<Operator>("=", "==", "!="), values: fc.tuple(value) }),
    fc.record({
      key,
      operator: fc.constantFrom<Operator>("in", "notin"),
      values: fc.uniqueArray(value, { minLength: 1 }).map((values) => values.toSorted()),
    }),
    fc.record({ key, operator: fc.constantFrom<Operator>("exists", "!"), values: fc.constant([]) }),
    fc.record({ key, operator: fc.constantFrom<Operator>("gt", "lt"), values: fc.nat().map((n) => [`${n}`]) }),
  )
  .map((each) => ({ ...each }));

test("what is written reads as the same selector", () => {
  fc.assert(
    fc.property(fc.uniqueArray(requirement, { selector: (each) => each.key }), (requirements) => {
      const selector = selectorOf(requirements);
      assert.deepEqual(parseLabelSelector(selector.toString()).requirements, selector.requirements);
    }),
  );
});

test("whatever is read, it is a selector or a 400", () => {
  const part = fc.constantFrom("a", "b/c", "in", "notin", " ", "=", "!", "(", ")", ",", ">", "<", "1", "é", "-");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        parseLabelSelector(parts.join(""));
      } catch (error) {
        assert.ok(hasReason(error, "BadRequest"));
      }
    }),
  );
});

const FIELDS: readonly (readonly [text: string, canonical: string])[] = [
  ["", ""],
  ["metadata.name=a", "metadata.name=a"],
  ["metadata.name==a", "metadata.name=a"],
  ["status.phase!=Running", "status.phase!=Running"],
  ["a=b,c!=d", "a=b,c!=d"],
  ["c=d,a=b", "a=b,c=d"],
  ["a=b\\,c", "a=b\\,c"],
  ["a=b\\=c\\\\", "a=b\\=c\\\\"],
  ["a=", "a="],
  ["=b", "=b"],
  [",a=b,", "a=b"],
];

const MALFORMED_FIELDS: readonly (readonly [text: string, message: string])[] = [
  ["a", "invalid selector: 'a'; can't understand 'a'"],
  ["a=b=c", "invalid field selector: unescaped character in value: 61"],
  ["a=b\\x", "invalid field selector: invalid escape sequence: \\x"],
  ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
];

test("field selectors are read, and written sorted", () => {
  for (const [text, canonical] of FIELDS) assert.equal(parseFieldSelector(text).toString(), canonical, text);
  assert.equal(parseFieldSelector("").empty, true);
});

test("malformed field selectors are refused with 400 and upstream's texts", () => {
  for (const [text, message] of MALFORMED_FIELDS) assert.throws(() => parseFieldSelector(text), { message }, text);
});

test("field selectors match objects by the fields that a kind knows", () => {
  type Thing = Readonly<Record<string, string>>;
  const read = (field: string) => {
    if (field === "secret") throw new Error(`field label not supported: ${field}`);
    return (thing: Thing) => thing[field] ?? "";
  };
  const selector = parseFieldSelector("metadata.name=a,status.phase!=Running");
  const matches = selector.compile(read);
  assert.equal(matches({ "metadata.name": "a", "status.phase": "Failed" }), true);
  assert.equal(matches({ "metadata.name": "a", "status.phase": "Running" }), false);
  assert.equal(matches({ "metadata.name": "b", "status.phase": "Failed" }), false);
  assert.equal(selector.exactValue("metadata.name"), "a");
  assert.equal(selector.exactValue("status.phase"), undefined);
  assert.throws(() => parseFieldSelector("secret=x").compile(read), /not supported/);
});

test("any value survives being written into a field selector", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", ",", "=", "\\", " ", "é", "!") }), (text) => {
      const selector = fieldSelectorOf([{ field: "f", operator: "=", value: text }]);
      assert.deepEqual(parseFieldSelector(selector.toString()).requirements, selector.requirements);
    }),
  );
});
