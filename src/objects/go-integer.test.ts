import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { integerProblem } from "./go-integer.ts";

test("a text is an integer of 64 bits exactly when Go reads it as one", () => {
  const fits = (value: bigint) => value >= -(2n ** 63n) && value < 2n ** 63n;
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 66n), 2n ** 66n), fc.nat(30), (value, zeros) => {
      const digits = `${"0".repeat(zeros)}${value < 0n ? -value : value}`;
      assert.equal(integerProblem(value < 0n ? `-${digits}` : digits), fits(value) ? undefined : "value out of range");
    }),
  );
});

test("the borders of 64 bits are integers, what lies beyond is out of range", () => {
  for (const text of ["0", "-0", "+5", "0009", "9223372036854775807", "-9223372036854775808"]) {
    assert.equal(integerProblem(text), undefined, text);
  }
  for (const text of ["9223372036854775808", "-9223372036854775809", "9".repeat(100_000)]) {
    assert.equal(integerProblem(text), "value out of range");
  }
});

test("anything but a sign and decimal digits is no integer", () => {
  for (const text of ["", "+", "-", " 1", "1 ", "1_0", "0x1", "1.0", "1e3", "٣"]) {
    assert.equal(integerProblem(text), "invalid syntax", text);
  }
});
