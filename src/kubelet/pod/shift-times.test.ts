import assert from "node:assert/strict";
import { test } from "node:test";
import { container, exited, NOW, podOf, SANDBOX, started, viewOf } from "../testing/pods.ts";
import type { Happening } from "./happening.ts";
import { planPod } from "./plan.ts";
import { shiftTimes } from "./shift-times.ts";
import type { PodView } from "./view.ts";

const HOUR_MS = 3_600_000;
const web = podOf({ containers: [container("web")], volumes: [{ name: "data", emptyDir: {} }] });
const failure = { reason: "ErrImagePull", message: "no" };
const crash: readonly Happening[] = [SANDBOX, ...started("web"), exited("web", 1), ...started("web", "web-2")];

const cases: readonly (readonly [what: string, view: PodView])[] = [
  ["a crash", viewOf(web, [...crash, exited("web", 1, "web-2")])],
  ["a sandbox that failed", viewOf(web, [{ type: "sandbox-creating" }, { type: "sandbox-failed", message: "no" }])],
  [
    "an image that failed",
    viewOf(web, [SANDBOX, { type: "image-wanted", name: "web" }, { type: "image-failed", name: "web", failure }]),
  ],
  [
    "a container that could not be made",
    viewOf(web, [SANDBOX, { type: "container-starting", name: "web" }, { type: "start-failed", name: "web", failure }]),
  ],
  [
    "volumes that failed",
    viewOf(web, [
      { type: "volumes-mounting" },
      { type: "volumes-failed", failures: [{ volume: "data", message: "no" }] },
    ]),
  ],
];

for (const [what, view] of cases) {
  for (const ms of [HOUR_MS, -HOUR_MS]) {
    test(`${what}, and the clock is set by ${ms / HOUR_MS} h`, () => {
      const { requeueAt, steps } = planPod(view, NOW);
      assert.ok(requeueAt !== undefined && requeueAt > NOW, "something is waited for");
      const later = planPod(shiftTimes(view, ms), NOW + ms);
      assert.deepEqual([later.requeueAt, later.steps], [requeueAt + ms, steps]);
    });
  }
}
