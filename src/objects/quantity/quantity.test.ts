import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addQuantities,
  approximateQuantity,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliQuantityOf,
  multiplyQuantity,
  negateQuantity,
  parseIntOrString,
  parseQuantity,
  percentOf,
  quantityMilliValue,
  quantityOf,
  quantitySign,
  quantityValue,
  scaledQuantity,
  scaledValue,
  subtractQuantities,
} from "./index.ts";

/** What upstream makes of a text: the text it writes again, whole units and thousandths, both rounded up. */
const PARSED: readonly (readonly [text: string, canonical: string, value: number, milli: number])[] = [
  ["0", "0", 0, 0],
  ["1", "1", 1, 1000],
  ["100m", "100m", 1, 100],
  ["1.5", "1500m", 2, 1500],
  ["1500m", "1500m", 2, 1500],
  ["1.500", "1.500", 2, 1500],
  ["0.100", "100m", 1, 100],
  ["+1", "+1", 1, 1000],
  ["-1", "-1", -1, -1000],
  ["1e3", "1e3", 1000, 1000000],
  ["12e2", "1200", 1200, 1200000],
  ["1E3", "1E3", 1000, 1000000],
  ["1024Mi", "1Gi", 1073741824, 1073741824000],
  ["1025Mi", "1025Mi", 1074790400, 1074790400000],
  ["1.5Gi", "1536Mi", 1610612736, 1610612736000],
  ["0.5Mi", "512Ki", 524288, 524288000],
  ["0Mi", "0", 0, 0],
  ["1Ki", "1Ki", 1024, 1024000],
  ["1023", "1023", 1023, 1023000],
  ["1m", "1m", 1, 1],
  ["0.5m", "500u", 1, 1],
  ["1n", "1n", 1, 1],
  ["0.1n", "1n", 1, 1],
  ["100000", "100k", 100000, 100000000],
  ["1000", "1k", 1000, 1000000],
  ["10000k", "10M", 10000000, 10000000000],
  ["1100M", "1100M", 1100000000, 1100000000000],
  ["0.3Gi", "322122547200m", 322122548, 322122547200],
  ["1e-3", "1e-3", 1, 1],
  ["1e-10", "1e-9", 1, 1],
  [".5", "500m", 1, 500],
  ["1.", "1.", 1, 1000],
  ["3.14e2", "3.14e2", 314, 314000],
  ["128974848", "128974848", 128974848, 128974848000],
  ["129e6", "129e6", 129000000, 129000000000],
  ["129M", "129M", 129000000, 129000000000],
  ["123Mi", "123Mi", 128974848, 128974848000],
  ["-1.5Gi", "-1536Mi", -1610612736, -1610612736000],
];

test("quantities are read and written as upstream does", () => {
  for (const [text, canonical, value, milli] of PARSED) {
    const quantity = parseQuantity(text);
    assert.equal(formatQuantity(quantity), canonical, text);
    assert.equal(quantityValue(quantity), value, text);
    assert.equal(quantityMilliValue(quantity), milli, text);
  }
});

test("numbers of JSON are quantities, too, and blanks around a text do not count", () => {
  assert.equal(canonicalQuantity(1.5), "1500m");
  assert.equal(canonicalQuantity(3), "3");
  assert.equal(canonicalQuantity(" 5Gi "), "5Gi");
});

test("large numbers are exact, and binary ones are capped at 2^63-1", () => {
  assert.equal(scaledQuantity(parseQuantity("9223372036854775807"), 0), 2n ** 63n - 1n);
  assert.equal(scaledQuantity(parseQuantity("100E"), 0), 10n ** 20n);
  assert.equal(formatQuantity(parseQuantity("16Ei")), "9223372036854775807");
  assert.equal(formatQuantity(parseQuantity("7Ei")), "7Ei");
  // Upstream writes 1 here and so loses the exponent.
  assert.equal(formatQuantity(parseQuantity("1000E")), "1e21");
});

const FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX = "unable to parse quantity's suffix";

const MALFORMED: readonly (readonly [text: string, error: string])[] = [
  ["", FORMAT],
  ["x", FORMAT],
  ["1i", SUFFIX],
  ["1.1.1", FORMAT],
  ["--1", SUFFIX],
  ["1KI", FORMAT],
  ["1mi", SUFFIX],
  ["1e", SUFFIX],
  ["0x10", FORMAT],
  ["1e1.0", FORMAT],
  ["1e99999999999", SUFFIX],
];

test("texts that are no quantities are refused with upstream's texts", () => {
  for (const [text, message] of MALFORMED) assert.throws(() => parseQuantity(text), { message }, text);
});

test("sums take the format of what is not zero", () => {
  const sum = (a: string, b: string) => formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)));
  assert.equal(sum("0", "1Gi"), "1Gi");
  assert.equal(sum("1Gi", "1G"), "2073741824");
  assert.equal(sum("1G", "1Gi"), "2073741824");
  assert.equal(sum("100m", "900m"), "1");
  assert.equal(sum("1Mi", "512Ki"), "1536Ki");
  assert.equal(sum("0.1", "0.2"), "300m");
  assert.equal(formatQuantity(subtractQuantities(parseQuantity("1"), parseQuantity("250m"))), "750m");
  assert.equal(formatQuantity(negateQuantity(parseQuantity("250m"))), "-250m");
  assert.equal(formatQuantity(multiplyQuantity(parseQuantity("250m"), 4)), "1");
  assert.equal(formatQuantity(quantityOf(2048, "BinarySI")), "2Ki");
  assert.equal(formatQuantity(milliQuantityOf(2500)), "2500m");
  assert.equal(approximateQuantity(parseQuantity("1500m")), 1.5);
});

const texts = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.nat(99999),
    fc.constantFrom("", ".5", ".25"),
    fc.constantFrom("", "m", "k", "M", "Ki", "Mi", "Gi", "e3", "u"),
  )
  .map((parts) => parts.join(""));

test("what is written reads as the same number, and is written the same again", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const quantity = parseQuantity(text);
      const canonical = formatQuantity(quantity);
      assert.equal(compareQuantities(parseQuantity(canonical), quantity), 0);
      assert.equal(canonicalQuantity(canonical), canonical);
    }),
  );
});

test("comparing is an order that adding respects", () => {
  fc.assert(
    fc.property(texts, texts, texts, (x, y, z) => {
      const [a, b, c] = [parseQuantity(x), parseQuantity(y), parseQuantity(z)];
      assert.equal(compareQuantities(a, b), -compareQuantities(b, a) + 0);
      assert.equal(compareQuantities(addQuantities(a, c), addQuantities(b, c)), compareQuantities(a, b));
      assert.equal(quantitySign(subtractQuantities(a, b)), compareQuantities(a, b));
    }),
  );
});

test("percentages are of a total, rounded as asked", () => {
  assert.equal(scaledValue(3, 10, true), 3);
  assert.equal(scaledValue("25%", 10, true), 3);
  assert.equal(scaledValue("25%", 10, false), 2);
  assert.equal(scaledValue("100%", 7, false), 7);
  assert.equal(scaledValue("0%", 7, true), 0);
  const refused: readonly (readonly [string | undefined, string])[] = [
    [undefined, "nil value for IntOrString"],
    ["3", "invalid value for IntOrString: invalid type: string is not a percentage"],
    ["x%", 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax'],
    ["%", 'invalid value for IntOrString: invalid value "%": strconv.Atoi: parsing "": invalid syntax'],
  ];
  for (const [value, message] of refused) assert.throws(() => scaledValue(value, 10, true), { message });
  assert.equal(percentOf("30%"), 30);
  assert.equal(percentOf(30), undefined);
  assert.equal(percentOf("a%"), undefined);
});

test("a text that is a number of 32 bits is a number", () => {
  assert.equal(parseIntOrString("80"), 80);
  assert.equal(parseIntOrString("-1"), -1);
  assert.equal(parseIntOrString("http"), "http");
  assert.equal(parseIntOrString("99999999999"), "99999999999");
  assert.equal(parseIntOrString("2147483648"), "2147483648");
});
