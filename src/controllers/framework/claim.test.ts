import { strict as assert } from "node:assert";
import { test } from "node:test";
import { compileLabelSelector, type Pod, type ReplicaSet } from "#objects";
import { claim } from "./claim.ts";

const set = (deleting = false): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "rs", uid: "u1", ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
});
const matcher = compileLabelSelector({ matchLabels: { app: "web" } });

const pod = (name: string, app: string, controller?: string, deleting = false): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    labels: { app },
    ...(controller
      ? {
          ownerReferences: [
            { apiVersion: "apps/v1", kind: "ReplicaSet", name: "x", uid: controller, controller: true },
          ],
        }
      : {}),
    ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
  },
});
const pods = [
  pod("owned", "web", "u1"),
  pod("owned-terminating", "web", "u1", true),
  pod("left", "other", "u1"),
  pod("orphan", "web"),
  pod("orphan-terminating", "web", undefined, true),
  pod("stranger", "other"),
  pod("of-another", "web", "u2"),
];
const names = (list: readonly Pod[]) => list.map(({ metadata }) => metadata.name);

test("an owner keeps what it selects, adopts orphans, releases what left, and touches nothing else", () => {
  const { owned, adopt, release } = claim(set(), matcher, pods);
  assert.deepEqual(names(owned), ["owned", "owned-terminating"]);
  assert.deepEqual(names(adopt), ["orphan"]);
  assert.deepEqual(names(release), ["left"]);
});

test("an owner that is being deleted adopts and releases nothing", () => {
  const { owned, adopt, release } = claim(set(true), matcher, pods);
  assert.deepEqual(names(owned), ["owned", "owned-terminating"]);
  assert.deepEqual([...adopt, ...release], []);
});
