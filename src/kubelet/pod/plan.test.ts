import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod } from "#objects";
import { after, container, exited, NOW, podOf, SANDBOX, started, viewOf } from "../testing/pods.ts";
import type { Happening } from "./happening.ts";
import { planPod } from "./plan.ts";
import { newView, transition } from "./transition.ts";
import type { PodView } from "./view.ts";

/** A plan in a line: `pull-image web; start-container side; look again in 10 s`. */
function told(view: PodView, now = NOW): string {
  const { notes, steps, requeueAt } = planPod(view, now);
  const nameOf = (item: object) => ("name" in item ? ` ${String(item.name)}` : "");
  return [
    ...notes.map((note) => `note ${note.type}${nameOf(note)}`),
    ...steps.map((step) =>
      step.type === "stop-container"
        ? `stop ${step.name} within ${(step.deadline - now) / 1000} s: ${step.because}`
        : `${step.type}${nameOf(step)}`,
    ),
    ...(requeueAt === undefined ? [] : [`look again in ${(requeueAt - now) / 1000} s`]),
  ].join("; ");
}

const web = podOf({ containers: [container("web")] });
const running: readonly Happening[] = [SANDBOX, ...started("web")];
const deleted = (pod: Pod, seconds: number): Happening => ({
  type: "observed",
  pod: {
    ...pod,
    metadata: {
      ...pod.metadata,
      resourceVersion: String(Number(pod.metadata.resourceVersion) + 1),
      deletionTimestamp: "2026-01-01T00:00:30Z",
      deletionGracePeriodSeconds: seconds,
    },
  },
});

describe("a pod with volumes", () => {
  const pod = podOf({ containers: [container("web")], volumes: [{ name: "data", emptyDir: {} }] });
  const mounting: Happening = { type: "volumes-mounting" };
  const mounted: readonly Happening[] = [mounting, { type: "volumes-mounted" }];
  const failed: Happening = { type: "volumes-failed", failures: [{ volume: "data", message: "no" }] };
  const cases: readonly (readonly [what: string, happenings: readonly Happening[], plan: string])[] = [
    ["new", [], "mount-volumes"],
    ["being mounted", [mounting], ""],
    ["mounted", mounted, "create-sandbox"],
    ["failed", [mounting, failed], "look again in 0.5 s"],
    ["failed again", [mounting, failed, mounting, failed], "look again in 1 s"],
    ["failed often", Array.from({ length: 20 }, () => [mounting, failed]).flat(), "look again in 122 s"],
    ["deleted before it was looked at", [deleted(pod, 30)], "unmount-volumes"],
    ["deleted while they are mounted", [mounting, deleted(pod, 30)], ""],
    ["deleted, some of them mounted", [mounting, failed, deleted(pod, 30)], "unmount-volumes"],
    [
      "deleted while it runs",
      [...mounted, ...running, deleted(pod, 30)],
      "stop web within 30 s: Stopping container web",
    ],
    ["deleted and stopped", [...mounted, ...running, deleted(pod, 30), exited("web", 0)], "stop-sandbox"],
    [
      "deleted, sandbox gone",
      [
        ...mounted,
        ...running,
        deleted(pod, 30),
        exited("web", 0),
        { type: "sandbox-stopping" },
        { type: "sandbox-stopped" },
      ],
      "unmount-volumes",
    ],
    ["nothing left", [deleted(pod, 30), { type: "volumes-gone" }], "finish-deletion"],
    ["rejected", [{ type: "rejected", reason: "OutOfcpu", message: "m" }], "unmount-volumes"],
  ];
  for (const [what, happenings, plan] of cases) {
    test(`has the right next steps: ${what}`, () =>
      assert.equal(told(after(newView(pod, NOW, { volumes: true }), happenings)), plan));
  }

  test("reports by Events which volume fails and why, and after two minutes what it still waits for", () => {
    const message = 'MountVolume.SetUp failed for volume "data" : configmap "no" not found';
    const failing: Happening = { type: "volumes-failed", failures: [{ volume: "data", message }] };
    const view = after(newView(pod, NOW, { volumes: true }), [mounting]);
    const first = transition(view, failing, NOW);
    assert.deepEqual(first.events, [{ level: "Warning", reason: "FailedMount", message }]);
    const later = transition(transition(first.view, mounting, NOW + 123_000).view, failing, NOW + 123_000);
    assert.deepEqual(later.events, [
      { level: "Warning", reason: "FailedMount", message },
      {
        level: "Warning",
        reason: "FailedMount",
        message:
          "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
      },
    ]);
    const soon = transition(transition(later.view, mounting, NOW + 124_000).view, failing, NOW + 124_000);
    assert.equal(soon.events.length, 1);
  });
});

describe("a pod with one container", () => {
  const cases: readonly (readonly [what: string, happenings: readonly Happening[], plan: string])[] = [
    ["new", [], "create-sandbox"],
    ["sandbox on its way", [{ type: "sandbox-creating" }], ""],
    ["sandbox failed", [{ type: "sandbox-failed", message: "no" }], "look again in 10 s"],
    ["sandbox ready", [SANDBOX], "pull-image web"],
    ["pulling", [SANDBOX, { type: "image-wanted", name: "web" }], ""],
    ["image there", [SANDBOX, { type: "image-present", name: "web", id: "x" }], "start-container web"],
    ["running", running, ""],
    ["exited the first time", [...running, exited("web", 1)], "pull-image web"],
    ["sandbox died", [...running, { type: "sandbox-lost", id: "s1" }], "stop web within 0 s: Stopping container web"],
    [
      "sandbox died, container gone",
      [...running, { type: "sandbox-lost", id: "s1" }, exited("web", 137)],
      "stop-sandbox",
    ],
    [
      "liveness failed",
      [...running, { type: "unhealthy", name: "web", id: "web-1", probe: "liveness" }],
      "stop web within 30 s: Container web failed liveness probe, will be restarted",
    ],
    [
      "postStart failed",
      [...running, { type: "hook-failed", name: "web", id: "web-1", hook: "PostStart" }],
      "stop web within 30 s: FailedPostStartHook",
    ],
    ["deleted", [...running, deleted(web, 30)], "stop web within 30 s: Stopping container web"],
    ["deleted before anything ran", [deleted(web, 30)], "finish-deletion"],
    ["deleted while its sandbox is made", [{ type: "sandbox-creating" }, deleted(web, 30)], ""],
    ["deleted while it is starting", [SANDBOX, { type: "container-starting", name: "web" }, deleted(web, 30)], ""],
    ["deleted and stopped", [...running, deleted(web, 30), exited("web", 143)], "stop-sandbox"],
    [
      "deleted, stopped, sandbox gone",
      [...running, deleted(web, 30), exited("web", 143), { type: "sandbox-stopping" }, { type: "sandbox-stopped" }],
      "finish-deletion",
    ],
    [
      "sandbox stop under way, or failed",
      [...running, deleted(web, 30), exited("web", 143), { type: "sandbox-stopping" }],
      "stop-sandbox",
    ],
    ["gone from the API", [...running, { type: "forgotten" }], "stop web within 1 s: Stopping container web"],
    ["rejected", [{ type: "rejected", reason: "OutOfcpu", message: "m" }], ""],
  ];
  for (const [what, happenings, plan] of cases) {
    test(`has the right next steps: ${what}`, () => assert.equal(told(viewOf(web, happenings)), plan));
  }
});

test("a container that crashes waits 10 s, doubling to 5 min, and starts afresh after 10 min", () => {
  let view = viewOf(web, running);
  let now = NOW;
  const waits: number[] = [];
  for (let run = 1; run <= 8; run++) {
    now += 100;
    view = after(view, [exited("web", 1, `web-${run}`, now)], now);
    const { requeueAt } = planPod(after(view, [{ type: "restart-backs-off", name: "web" }], now), now);
    waits.push(((requeueAt ?? now) - now) / 1000);
    now = requeueAt ?? now;
    view = after(view, started("web", `web-${run + 1}`, now), now);
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
  now += 600_001;
  view = after(view, [exited("web", 1, "web-9", now)], now);
  assert.equal(told(view, now), "pull-image web");
  assert.equal(view.containers.get("web")?.restarts, 8);
});

test("an exit shows for a second before the back-off shows as waiting", () => {
  const second = viewOf(web, [...running, exited("web", 1), ...started("web", "web-2"), exited("web", 1, "web-2")]);
  assert.equal(told(second), "look again in 1 s");
  assert.equal(told(second, NOW + 1000), "note restart-backs-off web");
  const waiting = after(second, [{ type: "restart-backs-off", name: "web" }]);
  assert.equal(told(waiting, NOW + 1000), "look again in 9 s");
  assert.equal(told(waiting, NOW + 10_000), "pull-image web");
});

test("an image that cannot be pulled is tried again after 10 s, 20 s, 40 s …", () => {
  let view = viewOf(web, [SANDBOX]);
  let now = NOW;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    const failure = { reason: "ErrImagePull", message: "no such image" };
    view = after(
      view,
      [
        { type: "image-wanted", name: "web" },
        { type: "image-failed", name: "web", failure },
        { type: "image-backs-off", name: "web" },
      ],
      now,
    );
    const { requeueAt = now } = planPod(view, now);
    waits.push((requeueAt - now) / 1000);
    now = requeueAt;
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300]);
});

test("an image that no registry is asked for shows no back-off, and is looked at again after 10 s each time", () => {
  for (const reason of ["InvalidImageName", "ErrImageNeverPull"]) {
    let view = viewOf(web, [SANDBOX]);
    for (const now of [NOW, NOW + 10_000, NOW + 20_000]) {
      const failure = { reason, message: "no" };
      view = after(
        view,
        [
          { type: "image-wanted", name: "web" },
          { type: "image-failed", name: "web", failure },
        ],
        now,
      );
      assert.equal(told(view, now + 5000), "look again in 5 s");
      assert.equal(told(view, now + 10_000), "pull-image web");
    }
  }
});

describe("init containers and side-cars", () => {
  const side = container("side", { restartPolicy: "Always", startupProbe: {} });
  const pod = podOf({
    initContainers: [container("first"), side, container("second")],
    containers: [container("web")],
  });
  const sideUp: Happening = { type: "container-up", name: "side", id: "side-1" };
  const initialized = [
    SANDBOX,
    ...started("first"),
    exited("first", 0),
    ...started("side"),
    sideUp,
    ...started("second"),
    exited("second", 0),
  ];
  const cases: readonly (readonly [what: string, happenings: readonly Happening[], plan: string])[] = [
    ["the first comes first", [SANDBOX], "pull-image first"],
    ["nothing beside it", [SANDBOX, ...started("first")], ""],
    ["it has done its work", [SANDBOX, ...started("first"), exited("first", 0)], "pull-image side"],
    ["the side-car has to start up", [SANDBOX, ...started("first"), exited("first", 0), ...started("side")], ""],
    ["it has", [SANDBOX, ...started("first"), exited("first", 0), ...started("side"), sideUp], "pull-image second"],
    ["all have", initialized, "pull-image web"],
    ["a side-car that ends is restarted", [...initialized, ...started("web"), exited("side", 0)], "pull-image side"],
    [
      "an init container that fails is restarted",
      [SANDBOX, ...started("first"), exited("first", 1)],
      "pull-image first",
    ],
    [
      "on deletion main containers end first",
      [...initialized, ...started("web"), deleted(pod, 20)],
      "stop web within 20 s: Stopping container web",
    ],
    [
      "side-cars last",
      [...initialized, ...started("web"), deleted(pod, 20), exited("web", 0)],
      "stop side within 20 s: Stopping container side",
    ],
    [
      "a new sandbox is initialized anew",
      [
        ...initialized,
        ...started("web"),
        { type: "sandbox-lost", id: "s1" },
        exited("web", 137),
        exited("side", 137),
        { type: "sandbox-stopping" },
        { type: "sandbox-stopped" },
        SANDBOX,
      ],
      "pull-image first",
    ],
  ];
  for (const [what, happenings, plan] of cases)
    test(`are run in order: ${what}`, () => assert.equal(told(viewOf(pod, happenings)), plan));

  test("give a side-car two seconds when the grace is used up", () => {
    const late = viewOf(pod, [...initialized, ...started("web"), deleted(pod, 5), exited("web", 0)]);
    assert.equal(told(late, NOW + 4_000), "stop side within 2 s: Stopping container side");
  });
});

test("main containers start one after the other, and a postStart hook holds the next one up", () => {
  const lifecycle = { postStart: { sleep: { seconds: 5 } } };
  const pod = podOf({ containers: [container("a", { lifecycle }), container("b")] });
  assert.equal(told(viewOf(pod, [SANDBOX])), "pull-image a");
  assert.equal(told(viewOf(pod, [SANDBOX, ...started("a")])), "");
  const done: Happening = { type: "hook-done", name: "a", id: "a-1" };
  assert.equal(told(viewOf(pod, [SANDBOX, ...started("a"), done])), "pull-image b");
  // A container that has to wait holds no other up.
  const waits = [
    SANDBOX,
    { type: "image-wanted", name: "a" },
    { type: "image-failed", name: "a", failure: { reason: "ErrImagePull", message: "" } },
    { type: "image-backs-off", name: "a" },
  ] as const;
  assert.equal(told(viewOf(pod, waits)), "pull-image b; look again in 10 s");
});

describe("restart policies", () => {
  const rules = [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }];
  const cases: readonly (readonly [what: string, pod: Pod, exitCode: number, plan: string])[] = [
    ["Always after success", podOf({ containers: [container("web")] }), 0, "pull-image web"],
    [
      "OnFailure after failure",
      podOf({ restartPolicy: "OnFailure", containers: [container("web")] }),
      1,
      "pull-image web",
    ],
    [
      "OnFailure after success",
      podOf({ restartPolicy: "OnFailure", containers: [container("web")] }),
      0,
      "note finished",
    ],
    ["Never after failure", podOf({ restartPolicy: "Never", containers: [container("web")] }), 1, "note finished"],
    ["its own Never", podOf({ containers: [container("web", { restartPolicy: "Never" })] }), 1, "note finished"],
    [
      "a rule",
      podOf({ containers: [container("web", { restartPolicy: "Never", restartPolicyRules: rules })] }),
      42,
      "pull-image web",
    ],
    [
      "a rule for all containers",
      podOf({
        containers: [
          container("web", {
            restartPolicy: "Never",
            restartPolicyRules: rules.map((rule) => ({ ...rule, action: "RestartAllContainers" })),
          }),
        ],
      }),
      42,
      "pull-image web",
    ],
    [
      "no rule",
      podOf({ containers: [container("web", { restartPolicy: "Never", restartPolicyRules: rules })] }),
      1,
      "note finished",
    ],
  ];
  for (const [what, pod, exitCode, plan] of cases) {
    test(`decide whether an ended container is restarted: ${what}`, () =>
      assert.equal(told(viewOf(pod, [SANDBOX, ...started("web"), exited("web", exitCode)])), plan));
  }
});

test("a deadline ends the pod, whatever it does", () => {
  const pod = podOf({ activeDeadlineSeconds: 60, containers: [container("web")] });
  const view = viewOf(pod, running);
  assert.equal(told(view), "look again in 60 s");
  assert.equal(told(view, NOW + 60_000), "note deadline-exceeded");
  const failing = after(view, [{ type: "deadline-exceeded" }], NOW + 60_000);
  assert.equal(told(failing, NOW + 60_000), "stop web within 30 s: Stopping container web");
});

test("a deletion with less grace than before stops the containers again, one with more does not", () => {
  const stopping: Happening = { type: "stopping", name: "web", id: "web-1", deadline: NOW + 30_000, because: "" };
  const first = viewOf(web, [...running, deleted(web, 30), stopping]);
  assert.equal(told(first), "");
  const again = { ...web, metadata: { ...web.metadata, resourceVersion: "2" } };
  assert.equal(told(after(first, [deleted(again, 5)])), "stop web within 5 s: Stopping container web");
  assert.equal(told(after(first, [deleted(again, 300)])), "");
});

test("another image restarts the container", () => {
  const pod = {
    ...web,
    metadata: { ...web.metadata, resourceVersion: "2" },
    spec: { containers: [container("web", { image: "httpd" })] },
  };
  const view = viewOf(web, [...running, { type: "observed", pod }]);
  assert.equal(told(view), "stop web within 30 s: Container web definition changed, will be restarted");
});
