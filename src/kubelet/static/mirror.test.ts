import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod, PodStatus } from "#objects";
import { CONFIG_HASH, CONFIG_MIRROR } from "./annotations.ts";
import { planMirror } from "./mirror.ts";

const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-n1", namespace: "default", uid: "h", annotations: { [CONFIG_HASH]: "h" } },
};
const RUNNING: PodStatus = { phase: "Running" };
const mirror = (hash: string, more: Pick<Pod, "status"> = {}, deleted = false): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-n1",
    namespace: "default",
    uid: "m",
    annotations: { [CONFIG_MIRROR]: hash },
    ...(deleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
  },
  ...more,
});
const plan = (
  pod: Pod | undefined,
  shown: Pod | undefined,
  status?: PodStatus,
  told?: { status: PodStatus; uid: string },
) => planMirror({ pod, mirror: shown, status, told })?.type;

describe("the mirror of a static pod at the API", () => {
  test("is made when there is none, and deleted when there is no pod", () => {
    assert.equal(plan(POD, undefined), "create");
    assert.equal(plan(undefined, mirror("h")), "delete");
    assert.equal(plan(undefined, undefined), undefined);
  });

  test("is deleted, to be made again, when it shows another pod or is being deleted", () => {
    assert.equal(plan(POD, mirror("other")), "delete");
    assert.equal(plan(POD, mirror("h", {}, true)), "delete");
    assert.equal(plan(POD, mirror("h")), undefined);
  });

  test("gets the pod's status when it has another", () => {
    assert.equal(plan(POD, mirror("h", { status: { phase: "Pending" } }), RUNNING), "write-status");
    assert.equal(plan(POD, mirror("h", { status: { phase: "Running" } }), RUNNING), undefined);
  });

  test("gets a status once that the API keeps in a form of its own, and another mirror gets it again", () => {
    const kept = mirror("h", { status: { phase: "Running", qosClass: "Burstable" } });
    assert.equal(plan(POD, kept, RUNNING), "write-status");
    assert.equal(plan(POD, kept, RUNNING, { status: RUNNING, uid: "m" }), undefined);
    assert.equal(plan(POD, kept, RUNNING, { status: RUNNING, uid: "an earlier one" }), "write-status");
  });
});
