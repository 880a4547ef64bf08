import assert from "node:assert/strict";
import { test } from "node:test";
import { header, headerValues, type RequestHeaders } from "./index.ts";

const headers: RequestHeaders = {
  accept: "application/json",
  "impersonate-group": ["a", "b"],
  "impersonate-extra-x": [],
};

test("header reads the first value of a header, and undefined where there is none", () => {
  const read = ["accept", "impersonate-group", "impersonate-extra-x", "cookie"].map((name) => header(headers, name));
  assert.deepEqual(read, ["application/json", "a", undefined, undefined]);
});

test("headerValues reads every value of a header, whether it came once, several times or not at all", () => {
  const read = ["accept", "impersonate-group", "impersonate-extra-x", "cookie"].map((name) =>
    headerValues(headers, name),
  );
  assert.deepEqual(read, [["application/json"], ["a", "b"], [], []]);
});
