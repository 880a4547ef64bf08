import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, type KubeObject } from "#objects";
import { listProblem, type Ask, type ListRecord } from "./reader.ts";
import type { TruthChange } from "./truth.ts";

const changed = (revision: number, name: string, gone = false): TruthChange => {
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name, resourceVersion: String(revision) },
  };
  const key = `/registry/configmaps/default/${name}`;
  return { revision, key, kind: "ConfigMap", before: undefined, after: gone ? undefined : object };
};

const LOG = [changed(2, "a"), changed(3, "b"), changed(5, "a"), changed(6, "b", true)];

const answer = (asked: Ask, revision: number, items: readonly string[], more: Partial<ListRecord> = {}) =>
  listProblem(
    { type: CONFIG_MAPS, server: "api-1", asked, began: 5, known: 0, revisions: [revision], items, ...more },
    LOG,
  );
const AT_5 = ["default/a r5", "default/b r3"];

test("a list that shows what stood at its revision, and is new enough, is right", () => {
  assert.equal(answer({ what: "newest" }, 5, AT_5), undefined);
  assert.equal(answer({ what: "newest" }, 6, ["default/a r5"]), undefined);
  assert.equal(answer({ what: "any" }, 2, ["default/a r2"]), undefined);
  assert.equal(answer({ what: "at least", revision: 3 }, 4, ["default/a r2", "default/b r3"]), undefined);
  assert.equal(answer({ what: "exactly", revision: 3 }, 3, ["default/b r3", "default/a r2"]), undefined);
});

test("a list that is older than what was asked for is told", () => {
  assert.match(answer({ what: "newest" }, 4, ["default/a r2", "default/b r3"]) ?? "", /is of revision 4, at least 5/);
  assert.match(answer({ what: "at least", revision: 6 }, 5, AT_5) ?? "", /is of revision 5, at least 6/);
  assert.match(answer({ what: "exactly", revision: 4 }, 5, AT_5) ?? "", /\(exactly 4\) is of revision 5/);
  assert.match(answer({ what: "any" }, 5, AT_5, { known: 6 }) ?? "", /after the server had shown 6/);
});

test("a list that mixes revisions, or lacks, adds or keeps an object, is told", () => {
  assert.match(answer({ what: "pages" }, 5, AT_5, { revisions: [5, 6] }) ?? "", /pages of revision 5 and of 6/);
  assert.match(answer({ what: "newest" }, 5, ["default/a r5"]) ?? "", /what stood there was/);
  assert.match(answer({ what: "newest" }, 6, AT_5) ?? "", /what stood there was \[default\/a r5\]/);
  assert.match(answer({ what: "any" }, 5, ["default/a r2", "default/b r3"]) ?? "", /what stood there was/);
});
