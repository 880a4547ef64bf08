import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPodTerminal, type Container, type Pod, type PodSpec } from "#objects";
import { exitOf, NOW, podOf, runningContainer } from "../testing/pods.ts";
import type { Happening } from "./happening.ts";
import { planPod } from "./plan.ts";
import { statusOf } from "./status.ts";
import { stepId, type Step } from "./step.ts";
import { newView, transition } from "./transition.ts";
import type { PodView } from "./view.ts";

/** What may go wrong, and by how much time goes by before the next thing happens. */
const choices = fc.array(
  fc.record({
    dice: fc.nat(99),
    exitCode: fc.constantFrom(0, 0, 1, 42),
    ms: fc.constantFrom(1, 500, 5_000, 60_000, 700_000),
  }),
  { minLength: 20, maxLength: 120 },
);

const policy = fc.constantFrom("Always", "OnFailure", "Never");
const containerSpec = (name: string): fc.Arbitrary<Container> =>
  fc.record(
    {
      name: fc.constant(name),
      image: fc.constant("nginx"),
      readinessProbe: fc.constant({}),
      startupProbe: fc.constant({}),
      lifecycle: fc.constant({ postStart: { sleep: { seconds: 1 } } }),
    },
    { requiredKeys: ["name", "image"] },
  );
const podSpec: fc.Arbitrary<PodSpec> = fc
  .tuple(
    policy,
    fc.array(fc.boolean(), { maxLength: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.option(fc.constant(120), { nil: undefined }),
    fc.boolean(),
    containerSpec("x"),
  )
  .map(([restartPolicy, init, mains, activeDeadlineSeconds, volumes, shape]) => ({
    restartPolicy,
    ...(volumes ? { volumes: [{ name: "data", emptyDir: {} }] } : {}),
    ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
    initContainers: init.map((sidecar, i) => ({
      ...shape,
      name: `i${i}`,
      ...(sidecar ? { restartPolicy: "Always" } : {}),
    })),
    containers: Array.from({ length: mains }, (_, i) => ({ ...shape, name: `m${i}` })),
  }));

/** A node that does what is planned, sooner or later, or fails to. */
class Story {
  view: PodView;
  now = NOW;
  version = 1;
  /** Containers that really run, by id. */
  readonly alive = new Map<string, string>();
  readonly pending = new Map<string, Step>();
  /** Some of the pod's volumes may be there. */
  mounted = false;
  sandboxes = 0;
  ids = 0;
  deletionFinished = false;

  constructor(pod: Pod) {
    this.view = newView(pod, this.now, { volumes: true });
  }

  happen(happening: Happening): void {
    this.view = transition(this.view, happening, this.now).view;
  }

  plan(): void {
    for (let plan = planPod(this.view, this.now), turns = 0; ; turns++) {
      assert.ok(turns < 20, "notes come to an end");
      if (plan.notes.length === 0) {
        for (const step of plan.steps) this.begin(step);
        return;
      }
      for (const note of plan.notes) this.happen(note);
      plan = planPod(this.view, this.now);
    }
  }

  begin(step: Step): void {
    const id = stepId(step);
    if (this.pending.has(id)) return;
    this.pending.set(id, step);
    if (step.type === "mount-volumes") {
      this.mounted = true;
      this.happen({ type: "volumes-mounting" });
    }
    if (step.type === "unmount-volumes") this.assertStill("volumes go after everything that runs");
    if (step.type === "create-sandbox") this.happen({ type: "sandbox-creating" });
    if (step.type === "stop-sandbox") this.happen({ type: "sandbox-stopping" });
    if (step.type === "pull-image") this.happen({ type: "image-wanted", name: step.name });
    if (step.type === "start-container") this.happen({ type: "container-starting", name: step.name });
    if (step.type === "stop-container") this.happen({ ...step, type: "stopping" });
  }

  finish(step: Step, fails: boolean, exitCode: number): void {
    this.pending.delete(stepId(step));
    switch (step.type) {
      case "mount-volumes":
        if (fails) return this.happen({ type: "volumes-failed", failures: [{ volume: "data", message: "no" }] });
        return this.happen({ type: "volumes-mounted" });
      case "unmount-volumes":
        // Planned anew when it fails.
        if (fails) return;
        this.assertStill("nothing has begun meanwhile");
        this.mounted = false;
        return this.happen({ type: "volumes-gone" });
      case "create-sandbox":
        this.assertMounted();
        if (fails) return this.happen({ type: "sandbox-failed", message: "no" });
        return this.happen({ type: "sandbox-ready", sandbox: { id: `s${++this.sandboxes}`, ips: ["10.0.0.1"] } });
      case "stop-sandbox":
        assert.equal(this.alive.size, 0, "a sandbox goes after its containers");
        // Planned anew when it fails.
        if (fails) return;
        return this.happen({ type: "sandbox-stopped" });
      case "pull-image": {
        const { name } = step;
        if (fails)
          return this.happen({ type: "image-failed", name, failure: { reason: "ErrImagePull", message: "no" } });
        return this.happen({ type: "image-present", name, id: "i" });
      }
      case "start-container": {
        const { name } = step;
        if (fails)
          return this.happen({
            type: "start-failed",
            name,
            failure: { reason: "CreateContainerError", message: "no" },
          });
        assert.ok(![...this.alive.values()].includes(name), `${name} runs once at a time`);
        this.assertMounted();
        const id = `c${++this.ids}`;
        this.alive.set(id, name);
        return this.happen({ type: "container-started", name, container: runningContainer(id, this.now) });
      }
      case "stop-container":
        return this.exit(step.id, exitCode === 0 ? 0 : 137);
      case "finish-deletion":
        this.assertStill("nothing runs any more");
        assert.ok(!this.mounted, "no volume is left");
        this.deletionFinished = true;
    }
  }

  assertStill(why: string): void {
    assert.equal(this.alive.size, 0, why);
    assert.ok(["none", "failed"].includes(this.view.sandbox.state), why);
  }

  assertMounted(): void {
    const { pod, volumes } = this.view;
    assert.equal(volumes.state, pod.spec?.volumes ? "mounted" : "absent", "volumes are there first");
  }

  exit(id: string, exitCode: number): void {
    const name = this.alive.get(id);
    if (name === undefined) return;
    this.alive.delete(id);
    this.happen({ type: "exited", name, exit: exitOf(id, exitCode, this.now) });
  }

  /** Writes the status to the API, as the kubelet does. */
  write(): void {
    const { pod } = this.view;
    const status = statusOf(this.view, ["172.18.0.2"], this.now);
    const metadata = { ...pod.metadata, resourceVersion: String(++this.version) };
    this.happen({ type: "observed", pod: { ...pod, metadata, status } });
  }

  delete(seconds: number): void {
    const { pod } = this.view;
    const metadata = {
      ...pod.metadata,
      resourceVersion: String(++this.version),
      deletionTimestamp: "2026-01-01T01:00:00Z",
      deletionGracePeriodSeconds: seconds,
    };
    this.happen({ type: "observed", pod: { ...pod, metadata } });
  }

  /** Something happens, by the dice. */
  chance(dice: number, exitCode: number): void {
    const running = [...this.alive.keys()];
    const id = running[dice % Math.max(1, running.length)];
    const steps = [...this.pending.values()];
    const step = steps[dice % Math.max(1, steps.length)];
    if (step && dice < 70) this.finish(step, dice % 7 === 0, exitCode);
    else if (id !== undefined && dice < 80) this.exit(id, exitCode);
    else if (id !== undefined) {
      const name = this.alive.get(id)!;
      if (dice < 85) this.happen({ type: "container-up", name, id });
      else if (dice < 90) this.happen({ type: "hook-done", name, id });
      else if (dice < 93) this.happen({ type: "readiness", name, id, ready: dice % 2 === 0 });
      else if (dice < 95) this.happen({ type: "unhealthy", name, id, probe: "liveness" });
      else if (dice < 96) this.happen({ type: "hook-failed", name, id, hook: "PostStart" });
      else if (dice < 97 && this.view.sandbox.state === "ready")
        this.happen({ type: "sandbox-lost", id: this.view.sandbox.sandbox.id });
    }
  }
}

/** What must hold whatever happens. */
class Watcher {
  #restarts = new Map<string, number>();
  #phase = "Pending";

  check(story: Story): void {
    const { status } = story.view.pod;
    for (const { name, restartCount } of status?.containerStatuses ?? []) {
      assert.ok(restartCount >= (this.#restarts.get(name) ?? 0), `restarts of ${name} never count down`);
      this.#restarts.set(name, restartCount);
    }
    if (this.#phase === "Succeeded" || this.#phase === "Failed")
      assert.equal(status?.phase, this.#phase, "what has ended has ended");
    if (isPodTerminal(story.view.pod)) {
      assert.equal(story.alive.size, 0, "nothing runs in a pod that has ended");
      assert.ok(status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "False"));
    }
    for (const { name, state } of status?.containerStatuses ?? []) {
      const runs = [...story.alive.values()].includes(name);
      if (state?.running) assert.ok(runs, `${name} runs as the status says`);
    }
    this.#phase = status?.phase ?? "Pending";
  }
}

test("whatever happens to a pod: one run at a time, restarts rise, an end is an end, and a deletion ends", () => {
  fc.assert(
    fc.property(podSpec, choices, fc.nat(119), fc.constantFrom(0, 1, 30), (spec, dices, deleteAt, grace) => {
      const story = new Story(podOf(spec));
      const watcher = new Watcher();
      for (const [i, { dice, exitCode, ms }] of dices.entries()) {
        story.plan();
        story.now += ms;
        if (i === deleteAt) story.delete(grace);
        story.chance(dice, exitCode);
        story.write();
        watcher.check(story);
      }
      story.delete(grace);
      for (let i = 0; i < 100 && !story.deletionFinished; i++) {
        story.now += 1000;
        story.plan();
        for (const step of [...story.pending.values()]) story.finish(step, false, 0);
        story.write();
        watcher.check(story);
      }
      assert.ok(story.deletionFinished, "its deletion is finished");
      assert.ok(isPodTerminal(story.view.pod));
    }),
    { numRuns: 300 },
  );
});

test("a pod that nothing goes wrong with comes to run, and to its end when it has one", () => {
  fc.assert(
    fc.property(podSpec, (spec) => {
      const { activeDeadlineSeconds: _, ...endless } = spec;
      const story = new Story(podOf(endless));
      const begin = () => {
        story.plan();
        for (const step of [...story.pending.values()]) story.finish(step, false, 0);
        for (const [id, name] of story.alive) {
          story.happen({ type: "hook-done", name, id });
          story.happen({ type: "container-up", name, id });
          story.happen({ type: "readiness", name, id, ready: true });
          const init = spec.initContainers?.find((container) => container.name === name);
          if (init && init.restartPolicy !== "Always") story.exit(id, 0);
        }
        story.now += 1;
        story.write();
      };
      for (let i = 0; i < 60; i++) begin();
      assert.equal(story.view.pod.status?.phase, "Running");
      const { conditions = [] } = story.view.pod.status ?? {};
      assert.ok(
        conditions.every(({ status }) => status === "True"),
        JSON.stringify(conditions),
      );
      if (spec.restartPolicy === "Always") return;
      for (const [id, name] of [...story.alive]) if (name.startsWith("m")) story.exit(id, 0);
      for (let i = 0; i < 20; i++) begin();
      assert.equal(story.view.pod.status?.phase, "Succeeded");
      assert.equal(story.alive.size, 0, "side-cars end with the pod");
    }),
    { numRuns: 100 },
  );
});
