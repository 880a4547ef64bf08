import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#objects";
import { pod, service } from "../testing/services.ts";
import { triggerTime } from "./trigger-time.ts";

const turned = (name: string, at: string): Pod => ({
  ...pod(name, "10.0.0.1"),
  status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: at }] },
});

test("a new Service's endpoints come from its creation, later ones from the earliest change that is new", () => {
  const first = triggerTime(service(), [turned("a", "2026-01-01T00:00:05Z")], undefined);
  assert.equal(first.time, "2026-01-01T00:00:00Z");
  const pods = [
    turned("a", "2026-01-01T00:00:05Z"),
    turned("b", "2026-01-01T00:00:09Z"),
    turned("c", "2026-01-01T00:00:07Z"),
  ];
  const second = triggerTime(service(), pods, first.times);
  assert.equal(second.time, "2026-01-01T00:00:07Z");
  assert.equal(triggerTime(service(), pods, second.times).time, undefined);
  assert.equal(triggerTime(service(), pods.slice(1), second.times).time, undefined, "a pod that goes has no time");
});
