import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextMountStep, nextUnmountStep, type MountView, type UnmountView } from "./plan.ts";

test("a volume is attached before it is staged, staged before it is published, and then done", () => {
  fc.assert(
    fc.property(
      fc.record<MountView>({
        needsAttachment: fc.boolean(),
        attached: fc.boolean(),
        stages: fc.boolean(),
        staged: fc.boolean(),
        published: fc.boolean(),
      }),
      (view) => {
        const steps: string[] = [];
        let now = view;
        for (let step = nextMountStep(now); step !== "done"; step = nextMountStep(now)) {
          steps.push(step);
          assert.ok(steps.length <= 3, `it comes to an end: ${steps.join()}`);
          if (step !== "wait-for-attachment") assert.ok(!now.needsAttachment || now.attached);
          if (step === "stage") assert.ok(now.stages && !now.staged);
          if (step === "publish") assert.ok(!now.stages || now.staged);
          if (step === "wait-for-attachment") now = { ...now, attached: true };
          else now = step === "stage" ? { ...now, staged: true } : { ...now, published: true };
        }
        assert.ok(now.published && (!now.stages || now.staged));
      },
    ),
  );
});

test("a volume is unpublished before it is unstaged, is staged as long as others use it, and forgotten last", () => {
  fc.assert(
    fc.property(
      fc.record<UnmountView>({
        published: fc.boolean(),
        recorded: fc.constant(true),
        staged: fc.boolean(),
        usedByOthers: fc.boolean(),
      }),
      (view) => {
        const steps: string[] = [];
        let now = view;
        for (let step = nextUnmountStep(now); step !== "done"; step = nextUnmountStep(now)) {
          steps.push(step);
          assert.ok(steps.length <= 3, `it comes to an end: ${steps.join()}`);
          if (step === "unstage") assert.ok(!now.published && !now.usedByOthers);
          if (step === "forget") assert.ok(!now.published && (!now.staged || now.usedByOthers));
          if (step === "unpublish") now = { ...now, published: false };
          else now = step === "unstage" ? { ...now, staged: false } : { ...now, recorded: false };
        }
        assert.deepEqual([now.published, now.recorded], [false, false]);
        assert.equal(now.staged, view.staged && view.usedByOthers);
      },
    ),
  );
});
