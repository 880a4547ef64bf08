import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { containerStatuses, type Pod, type PodStatus } from "#objects";
import { after, container, exited, exitOf, NOW, podOf, SANDBOX, started, viewOf } from "../testing/pods.ts";
import type { Happening } from "./happening.ts";
import { statusOf } from "./status.ts";
import type { PodView } from "./view.ts";

const statusAt = (view: PodView, now = NOW): PodStatus => statusOf(view, ["172.18.0.2"], now);

/** A status in lines: the phase, the containers, the conditions that are not True. */
function told(view: PodView, now = NOW): readonly string[] {
  const status = statusAt(view, now);
  const containers = containerStatuses({ ...view.pod, status }).map(
    ({ name, state = {}, ready, started: up, restartCount, lastState }) => {
      const { running, waiting, terminated } = state;
      const what = running ? "running" : terminated ? `ended ${terminated.exitCode}` : `waiting ${waiting?.reason}`;
      const flags = [
        up && "started",
        ready && "ready",
        restartCount > 0 && `restarts ${restartCount}`,
        lastState?.terminated && `before: ${lastState.terminated.exitCode}`,
      ];
      return [`${name}: ${what}`, ...flags.filter(Boolean)].join(", ");
    },
  );
  const conditions = (status.conditions ?? [])
    .filter(({ status: holds }) => holds !== "True")
    .map(({ type, reason, message }) => `not ${type}${reason ? ` ${reason}` : ""}${message ? `: ${message}` : ""}`);
  return [[status.phase, status.reason].filter(Boolean).join(" "), ...containers, ...conditions];
}

const web = podOf({ containers: [container("web", { readinessProbe: {} })] });
const running: readonly Happening[] = [SANDBOX, ...started("web")];
const ready: Happening = { type: "readiness", name: "web", id: "web-1", ready: true };
const deletion = (pod: Pod): Happening => ({
  type: "observed",
  pod: {
    ...pod,
    metadata: {
      ...pod.metadata,
      resourceVersion: "9",
      deletionTimestamp: "2026-01-01T00:00:30Z",
      deletionGracePeriodSeconds: 30,
    },
  },
});
const UNREADY = "ContainersNotReady: containers with unready status: [web]";
const FAILED_PULL = { reason: "ErrImagePull", message: "no such image" };

describe("a pod with one container", () => {
  const cases: readonly (readonly [what: string, happenings: readonly Happening[], lines: readonly string[]])[] = [
    [
      "new",
      [],
      [
        "Pending",
        "web: waiting ContainerCreating",
        "not PodReadyToStartContainers",
        `not Ready ${UNREADY}`,
        `not ContainersReady ${UNREADY}`,
      ],
    ],
    [
      "sandbox ready",
      [SANDBOX],
      ["Pending", "web: waiting ContainerCreating", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "running",
      running,
      ["Running", "web: running, started", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    ["ready", [...running, ready], ["Running", "web: running, started, ready"]],
    [
      "pull failed",
      [SANDBOX, { type: "image-wanted", name: "web" }, { type: "image-failed", name: "web", failure: FAILED_PULL }],
      ["Pending", "web: waiting ErrImagePull", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "pull backs off, and it shows while it is tried again",
      [
        SANDBOX,
        { type: "image-wanted", name: "web" },
        { type: "image-failed", name: "web", failure: FAILED_PULL },
        { type: "image-backs-off", name: "web" },
        { type: "image-wanted", name: "web" },
      ],
      ["Pending", "web: waiting ImagePullBackOff", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "exited",
      [...running, ready, exited("web", 1)],
      ["Running", "web: ended 1", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "starting again",
      [...running, exited("web", 1), { type: "container-starting", name: "web" }],
      ["Running", "web: ended 1", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "crash loop",
      [
        ...running,
        exited("web", 1),
        ...started("web", "web-2"),
        exited("web", 2, "web-2"),
        { type: "restart-backs-off", name: "web" },
      ],
      [
        "Running",
        "web: waiting CrashLoopBackOff, restarts 1, before: 2",
        `not Ready ${UNREADY}`,
        `not ContainersReady ${UNREADY}`,
      ],
    ],
    [
      "could not be created",
      [
        SANDBOX,
        { type: "image-present", name: "web", id: "i" },
        { type: "container-starting", name: "web" },
        {
          type: "start-failed",
          name: "web",
          failure: { reason: "CreateContainerConfigError", message: 'secret "x" not found' },
        },
      ],
      ["Pending", "web: waiting CreateContainerConfigError", `not Ready ${UNREADY}`, `not ContainersReady ${UNREADY}`],
    ],
    [
      "being deleted: as true as before",
      [...running, ready, deletion(web)],
      ["Running", "web: running, started, ready"],
    ],
    [
      "deleted and stopped",
      [...running, ready, deletion(web), exited("web", 143)],
      ["Failed", "web: ended 143", "not Ready PodFailed", "not ContainersReady PodFailed"],
    ],
    [
      "deleted in a crash loop: nothing waits any more",
      [...running, exited("web", 1), deletion(web)],
      ["Failed", "web: ended 1", "not Ready PodFailed", "not ContainersReady PodFailed"],
    ],
    [
      "deleted before it ran",
      [SANDBOX, deletion(web)],
      ["Failed", "web: ended 137", "not Ready PodFailed", "not ContainersReady PodFailed"],
    ],
    [
      "past its deadline, but still running",
      [...running, ready, { type: "deadline-exceeded" }],
      ["Running", "web: running, started, ready"],
    ],
    [
      "past its deadline",
      [...running, ready, { type: "deadline-exceeded" }, exited("web", 143)],
      ["Failed DeadlineExceeded", "web: ended 143", "not Ready PodFailed", "not ContainersReady PodFailed"],
    ],
    ["rejected", [{ type: "rejected", reason: "OutOfcpu", message: "m" }], ["Failed OutOfcpu"]],
  ];
  for (const [what, happenings, lines] of cases) {
    test(`shows the right status: ${what}`, () => {
      const pod = {
        ...web,
        status: { ...web.status, phase: what.includes("past") || what.includes("deleted") ? "Running" : "Pending" },
      };
      assert.deepEqual(told(viewOf(pod, happenings)), lines);
    });
  }
});

test("containers are sorted by name in the status, and a pod is ready when all of them are", () => {
  const pod = podOf({ restartPolicy: "Never", containers: [container("b"), container("a")] });
  const one = viewOf(pod, [SANDBOX, ...started("b")]);
  assert.deepEqual(told(one).slice(0, 3), ["Pending", "a: waiting ContainerCreating", "b: running, started, ready"]);
  const both = after(one, started("a"));
  assert.deepEqual(told(both), ["Running", "a: running, started, ready", "b: running, started, ready"]);
  const oneEnded = after(both, [exited("b", 0)]);
  assert.deepEqual(told(oneEnded)[0], "Running");
  const finished = after(oneEnded, [exited("a", 0), { type: "finished" }]);
  assert.deepEqual(told(finished), [
    "Succeeded",
    "a: ended 0",
    "b: ended 0",
    "not Ready PodCompleted",
    "not ContainersReady PodCompleted",
  ]);
  const failed = after(oneEnded, [exited("a", 3), { type: "finished" }]);
  assert.equal(told(failed)[0], "Failed");
});

test("init containers decide over Initialized, and the others show PodInitializing meanwhile", () => {
  const pod = podOf({
    initContainers: [container("first"), container("side", { restartPolicy: "Always" })],
    containers: [container("web")],
  });
  const lines = told(viewOf(pod, [SANDBOX]));
  assert.deepEqual(lines.slice(0, 5), [
    "Pending",
    "first: waiting PodInitializing",
    "side: waiting PodInitializing",
    "web: waiting PodInitializing",
    "not Initialized ContainersNotInitialized: containers with incomplete status: [first side]",
  ]);
  const side = [SANDBOX, ...started("first"), exited("first", 0), ...started("side")];
  assert.deepEqual(told(viewOf(pod, side)).slice(0, 3), [
    "Pending",
    "first: ended 0, ready",
    "side: running, started, ready",
  ]);
  const all = viewOf(pod, [...side, ...started("web")]);
  assert.deepEqual(told(all), [
    "Running",
    "first: ended 0, ready",
    "side: running, started, ready",
    "web: running, started, ready",
  ]);
  // A side-car that restarts makes the pod unready, not uninitialized.
  const restarting = after(all, [exited("side", 1)]);
  const problem = "ContainersNotReady: containers with unready status: [side]";
  assert.deepEqual(told(restarting).slice(4), [`not Ready ${problem}`, `not ContainersReady ${problem}`]);
});

test("an init container that fails for good fails the pod, and main containers show that they never ran", () => {
  const pod = podOf({ restartPolicy: "Never", initContainers: [container("first")], containers: [container("web")] });
  const view = viewOf(pod, [SANDBOX, ...started("first"), exited("first", 1), { type: "finished" }]);
  assert.deepEqual(told(view).slice(0, 3), ["Failed", "first: ended 1", "web: waiting PodInitializing"]);
});

test("a container that never ran started at the epoch; a lost one has no known times", () => {
  const { startedAt: _, ...lost } = exitOf("web-1", 137, NOW);
  for (const [exit, startedAt] of [
    [exitOf("web-1", 128, NOW, 0), "1970-01-01T00:00:00Z"],
    [lost, undefined],
  ] as const) {
    const view = viewOf(web, [SANDBOX, ...started("web"), { type: "exited", name: "web", exit }]);
    assert.equal(statusAt(view).containerStatuses?.[0]?.state?.terminated?.startedAt, startedAt);
  }
});

test("a pod is not ready before its readiness gates are", () => {
  const pod = podOf({
    readinessGates: [{ conditionType: "example.com/a" }, { conditionType: "example.com/b" }],
    containers: [container("web")],
  });
  const gated = { ...pod, status: { phase: "Running", conditions: [{ type: "example.com/a", status: "False" }] } };
  assert.deepEqual(told(viewOf(gated, running)).slice(2), [
    "not example.com/a",
    `not Ready ReadinessGatesNotReady: the status of pod readiness gate "example.com/a" is not "True", but False, corresponding condition of pod readiness gate "example.com/b" does not exist.`,
  ]);
});

test("conditions of other writers stay; transition times change only with a status", () => {
  const early = "2025-12-31T00:00:00Z";
  const conditions = [
    { type: "PodScheduled", status: "True", lastTransitionTime: early },
    { type: "Ready", status: "True", lastTransitionTime: early },
    { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", lastTransitionTime: early },
  ];
  const pod = { ...web, status: { phase: "Running", startTime: early, conditions, nominatedNodeName: "n1" } };
  const status = statusAt(viewOf(pod, running));
  assert.equal(status.startTime, early);
  assert.equal(status.nominatedNodeName, "n1");
  const times = Object.fromEntries(
    (status.conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
  );
  assert.equal(times["PodScheduled"], early);
  assert.equal(times["DisruptionTarget"], early);
  assert.equal(times["Ready"], "2026-01-01T00:00:00Z");
});

test("the whole status of a running pod is upstream's", () => {
  const pod = podOf({
    containers: [
      container("web", {
        resources: { requests: { cpu: "1" } },
        volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true }],
      }),
    ],
  });
  const when = "2026-01-01T00:00:00Z";
  const yes = (type: string) => ({ observedGeneration: 1, lastTransitionTime: when, type, status: "True" });
  assert.deepEqual(statusAt(viewOf(pod, running)), {
    phase: "Running",
    observedGeneration: 1,
    conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(yes),
    hostIP: "172.18.0.2",
    hostIPs: [{ ip: "172.18.0.2" }],
    podIP: "10.244.0.2",
    podIPs: [{ ip: "10.244.0.2" }],
    startTime: when,
    containerStatuses: [
      {
        name: "web",
        state: { running: { startedAt: when } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: "nginx",
        imageID: "sha256:1",
        containerID: "web-1",
        started: true,
        allocatedResources: { cpu: "1" },
        resources: { requests: { cpu: "1" } },
        volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly: "Disabled" }],
      },
    ],
    qosClass: "Burstable",
  });
});
