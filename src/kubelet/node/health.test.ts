import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NodeCondition } from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { conditionEvents, nodeConditions } from "./conditions.ts";
import { WELL, type NodeHealth } from "./health.ts";
import { pressureRefusal } from "./pressure.ts";

const EARLY = "2026-01-01T00:00:00Z";
const LATE = "2026-01-01T00:05:00Z";
const short = (conditions: readonly NodeCondition[]) =>
  conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

describe("the conditions of a node", () => {
  const other: NodeCondition = { type: "NetworkUnavailable", status: "False" };

  test("have upstream's reasons and words when all is well and when nothing is", () => {
    assert.deepEqual(short(nodeConditions([other], WELL, EARLY)), [
      "NetworkUnavailable=False undefined: undefined",
      "MemoryPressure=False KubeletHasSufficientMemory: kubelet has sufficient memory available",
      "DiskPressure=False KubeletHasNoDiskPressure: kubelet has no disk pressure",
      "PIDPressure=False KubeletHasSufficientPID: kubelet has sufficient PID available",
      "Ready=True KubeletReady: kubelet is posting ready status",
    ]);
    const ill: NodeHealth = { memoryPressure: true, diskPressure: true, pidPressure: true, problems: ["a", "b", "a"] };
    assert.deepEqual(short(nodeConditions(undefined, ill, EARLY)), [
      "MemoryPressure=True KubeletHasInsufficientMemory: kubelet has insufficient memory available",
      "DiskPressure=True KubeletHasDiskPressure: kubelet has disk pressure",
      "PIDPressure=True KubeletHasInsufficientPID: kubelet has insufficient PID available",
      "Ready=False KubeletNotReady: [a, b]",
    ]);
    const [, , , ready] = nodeConditions(undefined, { ...WELL, problems: ["container runtime is down"] }, EARLY);
    assert.equal(ready?.message, "container runtime is down");
  });

  test("a condition keeps its transition time until its status changes, and each change has an Event", () => {
    const before = nodeConditions(undefined, WELL, EARLY);
    const after = nodeConditions(before, { ...WELL, diskPressure: true, problems: ["x"] }, LATE);
    assert.deepEqual(
      after.map(({ lastTransitionTime }) => lastTransitionTime),
      [EARLY, LATE, EARLY, LATE],
    );
    assert.ok(after.every(({ lastHeartbeatTime }) => lastHeartbeatTime === LATE));
    assert.deepEqual(conditionEvents(before, after), ["NodeHasDiskPressure", "NodeNotReady"]);
    assert.deepEqual(conditionEvents(after, before), ["NodeHasNoDiskPressure", "NodeReady"]);
    assert.deepEqual(conditionEvents(undefined, after), [
      "NodeHasSufficientMemory",
      "NodeHasDiskPressure",
      "NodeHasSufficientPID",
    ]);
    assert.deepEqual(conditionEvents(before, before), []);
  });
});

test("a node under memory pressure refuses best-effort pods, under other pressure all but critical ones", () => {
  const bestEffort = podOf({ containers: [container("a")] });
  const burstable = podOf({ containers: [container("a", { resources: { requests: { cpu: "1m" } } })] });
  const tolerations = [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists" }];
  const tolerant = podOf({ containers: [container("a")], tolerations });
  const critical = podOf({ containers: [container("a")], priority: 2_000_000_000 });
  const refused = (pressure: Partial<NodeHealth>) =>
    [bestEffort, burstable, tolerant, critical].map((pod) => pressureRefusal(pod, { ...WELL, ...pressure })?.message);
  assert.deepEqual(refused({}), [undefined, undefined, undefined, undefined]);
  const memory = "The node had condition: [MemoryPressure]. ";
  assert.deepEqual(refused({ memoryPressure: true }), [memory, undefined, undefined, undefined]);
  const both = "The node had condition: [MemoryPressure DiskPressure]. ";
  assert.deepEqual(refused({ memoryPressure: true, diskPressure: true }), [both, both, both, undefined]);
  assert.equal(pressureRefusal(bestEffort, { ...WELL, pidPressure: true })?.reason, "Evicted");
});
