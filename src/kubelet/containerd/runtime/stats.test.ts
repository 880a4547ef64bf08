import assert from "node:assert/strict";
import { test } from "node:test";
import { containerUsage, usedByAll, workingSet } from "./stats.ts";

test("CPU time and working set of the machine are read from the kernel's files", () => {
  assert.equal(usedByAll("cpu  100 20 30 4000 500 6 7 80 9 0\ncpu0 1 2 3 4\n"), 163 * 10_000_000);
  const meminfo =
    "MemTotal:       1000 kB\nMemFree:         300 kB\nInactive:        250 kB\nInactive(file):  200 kB\n";
  assert.equal(workingSet(meminfo), 500 * 1024);
});

test("a container of which nothing was measured says nothing", () => {
  const attributes = {
    id: "abc",
    metadata: { name: "web", attempt: 0 },
    labels: { "io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "n", "io.kubernetes.pod.uid": "u" },
    annotations: {},
  };
  const none = { attributes, cpu: null, memory: null, writableLayer: null, swap: null, io: null };
  assert.equal(containerUsage(none), undefined);
  const cpu = { timestamp: 5_000_000, usageCoreNanoSeconds: { value: 7 }, usageNanoCores: null, psi: null };
  assert.deepEqual(containerUsage({ ...none, cpu }), {
    id: "containerd://abc",
    name: "web",
    namespace: "n",
    pod: "p",
    podUid: "u",
    time: 5,
    cpuNanoseconds: 7,
    workingSetBytes: 0,
  });
});
