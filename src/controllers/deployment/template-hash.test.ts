import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import type { PodTemplateSpec } from "#objects";
import { sameTemplate, templateHash } from "./template-hash.ts";

const template = (image: string, more: object = {}): PodTemplateSpec => ({
  metadata: { labels: { app: "web", tier: "front" } },
  spec: { containers: [{ name: "c", image, ...more }] },
});

test("the hash is written in the safe alphabet and is the same every time", () => {
  const hash = templateHash(template("nginx"), undefined);
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.equal(templateHash(template("nginx"), undefined), hash);
});

test("a template with an integer beyond 2^53 has a hash of all its digits", () => {
  const patient = (seconds: bigint): PodTemplateSpec => ({
    spec: { ...template("nginx").spec!, terminationGracePeriodSeconds: seconds },
  });
  const [one, other] = [patient(9007199254740993n), patient(9007199254740995n)];
  assert.notEqual(templateHash(one, undefined), templateHash(other, undefined));
  assert.ok(sameTemplate(one, patient(9007199254740993n)));
  assert.ok(!sameTemplate(one, other));
});

test("the order of map keys makes no difference, nor do absent values; anything else does", () => {
  const hash = templateHash(template("nginx"), undefined);
  const reordered: PodTemplateSpec = {
    spec: { containers: [{ image: "nginx", name: "c" }] },
    metadata: { labels: { tier: "front", app: "web" }, annotations: {} },
  };
  assert.equal(templateHash(reordered, undefined), hash);
  assert.ok(sameTemplate(reordered, template("nginx")));
  for (const other of [
    template("httpd"),
    template("nginx", { args: ["-v"] }),
    template("nginx", { resources: { limits: { cpu: "1" } } }),
    template("nginx", { securityContext: {} }),
  ]) {
    assert.notEqual(templateHash(other, undefined), hash, JSON.stringify(other));
    assert.ok(!sameTemplate(other, template("nginx")), JSON.stringify(other));
  }
});

test("the order of lists counts", () => {
  const [one, two] = [template("x", { args: ["a", "b"] }), template("x", { args: ["b", "a"] })];
  assert.notEqual(templateHash(one, undefined), templateHash(two, undefined));
  assert.ok(!sameTemplate(one, two));
});

test("a collision gives another hash, each its own", () => {
  const hashes = [undefined, 1, 2, 3].map((count) => templateHash(template("nginx"), count));
  assert.equal(new Set(hashes).size, 4);
});

test("templates are compared without their hash label", () => {
  const labelled: PodTemplateSpec = {
    ...template("nginx"),
    metadata: { labels: { app: "web", tier: "front", "pod-template-hash": "abc" } },
  };
  assert.ok(sameTemplate(labelled, template("nginx")));
});

test("templates that are the same have the same hash, whatever they hold", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (labels) => {
      const backwards = Object.fromEntries(Object.entries(labels).toReversed());
      const of = (map: Record<string, string>) => ({ metadata: { labels: map }, spec: { containers: [] } });
      assert.equal(templateHash(of(labels), 1), templateHash(of(backwards), 1));
      assert.ok(sameTemplate(of(labels), of(backwards)));
    }),
  );
});
