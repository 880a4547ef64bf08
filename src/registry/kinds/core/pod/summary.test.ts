import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStatus, Pod, PodSpec } from "#objects";
import { POD_COLUMNS } from "./columns.ts";

const NOW = Date.UTC(2026, 0, 1, 1);
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

const SPEC: PodSpec = { containers: [{ name: "a" }, { name: "b" }] };
const pod = (status: Pod["status"], spec: PodSpec = SPEC, metadata: Pod["metadata"] = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", creationTimestamp: ago(5), ...metadata },
  spec,
  ...(status ? { status } : {}),
});
const container = (
  name: string,
  state: ContainerStatus["state"],
  more: Partial<ContainerStatus> = {},
): ContainerStatus => ({
  name,
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  ...(state ? { state } : {}),
  ...more,
});
const running = (name: string, more: Partial<ContainerStatus> = {}) =>
  container(name, { running: {} }, { ready: true, ...more });
const ended = (name: string, reason: string, exitCode = 0) => container(name, { terminated: { exitCode, reason } });
const waiting = (name: string, reason: string, more: Partial<ContainerStatus> = {}) =>
  container(name, { waiting: { reason } }, more);

const INIT: PodSpec = { ...SPEC, initContainers: [{ name: "i" }, { name: "j" }] };
const SIDECAR: PodSpec = { ...SPEC, initContainers: [{ name: "s", restartPolicy: "Always" }, { name: "i" }] };
const creating = [waiting("a", "PodInitializing"), waiting("b", "PodInitializing")];

/** READY, STATUS, RESTARTS of pods at their stages. */
const CASES: readonly (readonly [string, string, string, Pod])[] = [
  ["0/2", "Pending", "0", pod({ phase: "Pending" })],
  [
    "0/2",
    "SchedulingGated",
    "0",
    pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] }),
  ],
  [
    "0/2",
    "ContainerCreating",
    "0",
    pod({
      phase: "Pending",
      containerStatuses: [waiting("a", "ContainerCreating"), waiting("b", "ContainerCreating")],
    }),
  ],
  ["2/2", "Running", "0", pod({ phase: "Running", containerStatuses: [running("a"), running("b")] })],
  [
    "1/2",
    "ImagePullBackOff",
    "0",
    pod({ phase: "Pending", containerStatuses: [running("a"), waiting("b", "ImagePullBackOff")] }),
  ],
  [
    "1/2",
    "CrashLoopBackOff",
    "3 (5m ago)",
    pod({
      phase: "Running",
      containerStatuses: [
        waiting("a", "CrashLoopBackOff", {
          restartCount: 3,
          lastState: { terminated: { exitCode: 1, finishedAt: ago(5) } },
        }),
        running("b"),
      ],
    }),
  ],
  [
    "0/2",
    "Completed",
    "0",
    pod({ phase: "Succeeded", containerStatuses: [ended("a", "Completed"), ended("b", "Completed")] }),
  ],
  ["0/2", "ExitCode:3", "0", pod({ phase: "Failed", containerStatuses: [ended("a", "", 3), ended("b", "Completed")] })],
  ["1/2", "NotReady", "0", pod({ phase: "Running", containerStatuses: [ended("a", "Completed"), running("b")] })],
  [
    "1/2",
    "Running",
    "0",
    pod({
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [ended("a", "Completed"), running("b")],
    }),
  ],
  ["0/2", "Evicted", "0", pod({ phase: "Failed", reason: "Evicted" })],
  [
    "0/2",
    "Init:0/2",
    "0",
    pod(
      { phase: "Pending", initContainerStatuses: [container("i", { running: {} })], containerStatuses: creating },
      INIT,
    ),
  ],
  [
    "0/2",
    "Init:1/2",
    "0",
    pod(
      {
        phase: "Pending",
        initContainerStatuses: [ended("i", "Completed"), waiting("j", "PodInitializing")],
        containerStatuses: creating,
      },
      INIT,
    ),
  ],
  [
    "0/2",
    "Init:CrashLoopBackOff",
    "2",
    pod(
      {
        phase: "Pending",
        initContainerStatuses: [waiting("i", "CrashLoopBackOff", { restartCount: 2 })],
        containerStatuses: creating,
      },
      INIT,
    ),
  ],
  ["0/2", "Init:ExitCode:1", "0", pod({ phase: "Failed", initContainerStatuses: [ended("i", "", 1)] }, INIT)],
  [
    "0/2",
    "PodInitializing",
    "0",
    pod(
      {
        phase: "Pending",
        initContainerStatuses: [ended("i", "Completed"), ended("j", "Completed")],
        containerStatuses: creating,
      },
      INIT,
    ),
  ],
  [
    "1/3",
    "Init:1/2",
    "0",
    pod(
      {
        phase: "Pending",
        initContainerStatuses: [running("s", { started: true }), container("i", { running: {} })],
        containerStatuses: creating,
      },
      SIDECAR,
    ),
  ],
  [
    "3/3",
    "Running",
    "0",
    pod(
      {
        phase: "Running",
        initContainerStatuses: [running("s", { started: true }), ended("i", "Completed")],
        containerStatuses: [running("a"), running("b")],
      },
      SIDECAR,
    ),
  ],
  [
    "2/2",
    "Terminating",
    "0",
    pod({ phase: "Running", containerStatuses: [running("a"), running("b")] }, SPEC, { deletionTimestamp: ago(0) }),
  ],
  [
    "0/2",
    "Completed",
    "0",
    pod({ phase: "Succeeded", containerStatuses: [ended("a", "Completed"), ended("b", "Completed")] }, SPEC, {
      deletionTimestamp: ago(0),
    }),
  ],
  ["0/2", "Unknown", "0", pod({ phase: "Running", reason: "NodeLost" }, SPEC, { deletionTimestamp: ago(0) })],
];

const cells = (object: Pod) => POD_COLUMNS.map(({ cell }) => cell(object, NOW));

for (const [ready, status, restarts, object] of CASES) {
  void test(`a Pod shows the status ${status} and ${ready} ready`, () => {
    assert.deepEqual(cells(object).slice(0, 4), [ready, status, restarts, "5m"]);
  });
}

test("the wide columns show a Pod's address, nodes and readiness gates", () => {
  const object = pod(
    {
      podIPs: [{ ip: "10.0.0.7" }],
      nominatedNodeName: "n2",
      conditions: [{ type: "example.com/a", status: "True" }],
    },
    {
      ...SPEC,
      nodeName: "n1",
      readinessGates: [{ conditionType: "example.com/a" }, { conditionType: "example.com/b" }],
    },
  );
  assert.deepEqual(cells(object).slice(4), ["10.0.0.7", "n1", "n2", "1/2"]);
  assert.deepEqual(cells(pod({})).slice(4), ["<none>", "<none>", "<none>", "<none>"]);
});
