import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fullImageName } from "#objects";
import { requestedImageName } from "./pull.ts";

const SHA = `sha256:${"a".repeat(64)}`;

test("a registry is asked for what was written, with a tag where it has neither tag nor digest", () => {
  for (const [image, requested] of [
    ["nginx", "nginx:latest"],
    ["nginx:1.27", "nginx:1.27"],
    ["library/nginx", "library/nginx:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest"],
    [`nginx@${SHA}`, `nginx@${SHA}`],
    [`nginx:1@${SHA}`, `nginx:1@${SHA}`],
  ] as const)
    assert.equal(requestedImageName(image), requested);
});

test("the name that a registry is asked for stands for the same image as the name that was written", () => {
  const parts = ["nginx", "team/app", "localhost:5000/x", "index.docker.io/x", "[::1]:5000/x/y"];
  const ends = ["", ":1", ":latest", `@${SHA}`, `:2@${SHA}`];
  fc.assert(
    fc.property(fc.constantFrom(...parts), fc.constantFrom(...ends), (name, end) => {
      assert.equal(fullImageName(requestedImageName(name + end)), fullImageName(name + end));
    }),
  );
});

test("a malformed image name is refused in upstream's words", () => {
  for (const [image, quoted, problem] of [
    ["Nginx", '"Nginx"', "invalid reference format: repository name (library/Nginx) must be lowercase"],
    ["", '""', "invalid reference format"],
    ["a\u0001", '"a\\x01"', "invalid reference format"],
    [`x@sha256:${"a".repeat(63)}`, `"x@sha256:${"a".repeat(63)}"`, "invalid checksum digest length"],
  ] as const)
    assert.throws(() => requestedImageName(image), {
      reason: "InvalidImageName",
      message: `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: ${problem}`,
    });
});
