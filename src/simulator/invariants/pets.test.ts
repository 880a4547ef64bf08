import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "#objects";
import { Truth } from "../truth.ts";
import { petsAreAlone } from "./pets.ts";

const encoder = new TextEncoder();

/** What the invariant says of each change; a pod without a uid is deleted. */
function told(calm: boolean, changes: readonly KubeObject[]): readonly (string | undefined)[] {
  const truth = new Truth();
  const invariant = petsAreAlone({ calm });
  return changes.map((object, at) => {
    const key = `/registry/pods/default/${object.metadata.name}`;
    const entry = { key, value: encoder.encode(JSON.stringify(object)), revision: at + 2, createRevision: 2 };
    const gone = object.metadata.uid === undefined;
    const event = { key, revision: at + 2, ...(gone ? {} : { entry }) };
    return invariant.check(truth.apply(event as Parameters<Truth["apply"]>[0]), truth);
  });
}

const pet = (name: string, uid: string | undefined, place = name, rest: object = {}): KubeObject =>
  ({
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      namespace: "default",
      name,
      uid,
      labels: { "statefulset.kubernetes.io/pod-name": place },
      ownerReferences: [{ kind: "StatefulSet", name: "web", uid: "web", controller: true }],
    },
    ...rest,
  }) as unknown as KubeObject;
const on = (state: object) => ({
  spec: { nodeName: "n1" },
  status: { phase: "Running", containerStatuses: [{ name: "main", restartCount: 0, state }] },
});

test("a Pod with another name than its StatefulSet gives, and one that has another's place, are told", () => {
  assert.match(told(false, [pet("db-0", "1")])[0] ?? "", /StatefulSet web has a Pod default\/db-0/);
  assert.match(told(false, [pet("web-00", "1")])[0] ?? "", /StatefulSet web has a Pod default\/web-00/);
  assert.match(told(false, [pet("web-0", "1", "web-1")])[0] ?? "", /has a Pod default\/web-0/);
  const renamed = pet("x", "2", "web-0");
  assert.match(
    told(false, [renamed, pet("web-0", "1")])[1] ?? "",
    /Pod default\/web-0 and Pod default\/x have the same place/,
  );
  assert.deepEqual(told(false, [pet("web-0", "1"), pet("web-1", "2")]), [undefined, undefined]);
});

test("a Pod that comes while containers of the one before it run is told in calm weather", () => {
  const story = (state: object) => [pet("web-0", "1", "web-0", on(state)), pet("web-0", undefined), pet("web-0", "2")];
  assert.match(
    told(true, story({ running: {} })).at(-1) ?? "",
    /made again while main of the one before it was running/,
  );
  assert.equal(told(true, story({ terminated: { exitCode: 0 } })).at(-1), undefined);
  assert.equal(told(false, story({ running: {} })).at(-1), undefined);
});
