import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, Pod, PodSpec, ResourceRequirements } from "#objects";
import { cgroupTrees, parseCgroupMounts } from "./mounts.ts";
import { cgroupNames, uidOf } from "./names.ts";
import {
  bestEffortSettings,
  burstableSettings,
  nodeSettings,
  podCgroupSettings,
  sharesOf,
  weightOf,
  type CgroupSetting,
} from "./settings.ts";

const V1 = { version: 1, hugePageSizes: [] } as const;
const V2 = { version: 2, hugePageSizes: [] } as const;

const pod = (spec: Partial<PodSpec>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default", uid: "u-1" },
  spec: { containers: [], ...spec },
});
const container = (name: string, resources: ResourceRequirements = {}, more: Partial<Container> = {}): Container => ({
  name,
  resources,
  ...more,
});
const both = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const text = (settings: readonly CgroupSetting[]) => settings.map(({ file, value }) => `${file}=${value}`);

describe("the cgroup of a pod", () => {
  const sidecar = { restartPolicy: "Always" };
  const cases: readonly (readonly [what: string, spec: Partial<PodSpec>, v1: string[], v2: string[]])[] = [
    ["nothing asked for", { containers: [container("a")] }, ["cpu.shares=2"], ["cpu.weight=1"]],
    [
      "guaranteed",
      { containers: [container("a", both("500m", "64Mi")), container("b", both("1", "64Mi"))] },
      ["cpu.shares=1536", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=150000", "memory.limit_in_bytes=134217728"],
      ["cpu.weight=59", "cpu.max=150000 100000", "memory.max=134217728"],
    ],
    [
      "limits of some containers bound nothing",
      { containers: [container("a", both("500m", "64Mi")), container("b")] },
      ["cpu.shares=512"],
      ["cpu.weight=20"],
    ],
    [
      "limits of all, on one resource",
      { containers: [container("a", { limits: { memory: "1Gi" } }), container("b", { limits: { memory: "1Gi" } })] },
      ["cpu.shares=2", "memory.limit_in_bytes=2147483648"],
      ["cpu.weight=1", "memory.max=2147483648"],
    ],
    [
      "an init container asks for more than those after it",
      { containers: [container("a", both("1", "1Gi"))], initContainers: [container("i", both("3", "2Gi"))] },
      ["cpu.shares=3072", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=300000", "memory.limit_in_bytes=2147483648"],
      ["cpu.weight=118", "cpu.max=300000 100000", "memory.max=2147483648"],
    ],
    [
      "an init container without limits",
      { containers: [container("a", both("1", "1Gi"))], initContainers: [container("i")] },
      ["cpu.shares=1024"],
      ["cpu.weight=39"],
    ],
    [
      "side-cars count beside the others, overhead on top",
      {
        containers: [container("a", both("1", "1Gi"))],
        initContainers: [container("s", both("1", "1Gi"), sidecar)],
        overhead: { cpu: "250m", memory: "1Gi" },
      },
      ["cpu.shares=2304", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=225000", "memory.limit_in_bytes=3221225472"],
      ["cpu.weight=88", "cpu.max=225000 100000", "memory.max=3221225472"],
    ],
    [
      "the pod's own resources",
      { resources: { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } }, containers: [container("a")] },
      ["cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=200000", "memory.limit_in_bytes=1073741824"],
      ["cpu.weight=39", "cpu.max=200000 100000", "memory.max=1073741824"],
    ],
    [
      "less than the kernel knows",
      { containers: [container("a", { limits: { cpu: "1m" }, requests: { cpu: "1m" } })] },
      ["cpu.shares=2", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=1000"],
      ["cpu.weight=1", "cpu.max=1000 100000"],
    ],
  ];
  for (const [what, spec, v1, v2] of cases) {
    test(`is bounded as upstream does it: ${what}`, () => {
      assert.deepEqual(text(podCgroupSettings(pod(spec), V1)), v1);
      assert.deepEqual(text(podCgroupSettings(pod(spec), V2)), v2);
    });
  }

  test("allows the huge pages that are asked for and no others, and bounds the number of processes", () => {
    const asks = { cpu: "1", memory: "1Gi", "hugepages-2Mi": "4Mi" };
    const spec = { containers: [container("a", { requests: asks, limits: asks })] };
    const hugePageSizes = ["2MB", "1GB", "64KB"];
    assert.deepEqual(text(podCgroupSettings(pod(spec), { version: 1, hugePageSizes }, 100)).slice(4), [
      "pids.max=100",
      "hugetlb.2MB.limit_in_bytes=4194304",
      "hugetlb.1GB.limit_in_bytes=0",
      "hugetlb.64KB.limit_in_bytes=0",
    ]);
    assert.deepEqual(text(podCgroupSettings(pod(spec), { version: 2, hugePageSizes: ["2MB"] })).slice(3), [
      "hugetlb.2MB.max=4194304",
    ]);
  });
});

test("the cgroups of the QoS classes and of all pods are bounded as upstream does it", () => {
  assert.deepEqual(text(burstableSettings(1500, { version: 1, hugePageSizes: ["2MB"] })), [
    "cpu.shares=1536",
    "hugetlb.2MB.limit_in_bytes=4611686018427387904",
  ]);
  assert.deepEqual(text(bestEffortSettings(V2)), ["cpu.weight=1"]);
  assert.deepEqual(text(nodeSettings({ cpu: 4000, memory: 1024 }, V2)), ["cpu.weight=157", "memory.max=1024"]);
  assert.deepEqual([sharesOf(0), sharesOf(1e9), weightOf(2), weightOf(262_144)], [2, 262_144, 1, 10_000]);
});

test("a pod's cgroup is named after its QoS class and uid, from which the uid is read back", () => {
  const names = cgroupNames("/knarr-1");
  assert.equal(names.podCgroup(pod({ containers: [container("a")] })), "/knarr-1/kubepods/besteffort/podu-1");
  assert.equal(
    names.podCgroup(pod({ containers: [container("a", { requests: { cpu: "1" } })] })),
    "/knarr-1/kubepods/burstable/podu-1",
  );
  assert.equal(cgroupNames("").podCgroup(pod({ containers: [container("a", both("1", "1Gi"))] })), "/kubepods/podu-1");
  assert.deepEqual([uidOf("podu-1"), uidOf("burstable"), uidOf("pod")], ["u-1", undefined, undefined]);
});

test("the mounts of cgroups are found in mountinfo, for version 1 and version 2", () => {
  const v1 = [
    "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw",
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "33 31 0:29 / /somewhere/much/further/away/cpu rw - cgroup cgroup rw,cpu,cpuacct",
    "34 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "35 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
    "36 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    "",
  ].join("\n");
  const mounts = parseCgroupMounts(v1);
  assert.deepEqual(mounts, {
    version: 1,
    controllers: new Map([
      ["cpu", "/sys/fs/cgroup/cpu,cpuacct"],
      ["cpuacct", "/sys/fs/cgroup/cpu,cpuacct"],
      ["memory", "/sys/fs/cgroup/memory"],
      ["name=systemd", "/sys/fs/cgroup/systemd"],
    ]),
    unified: "/sys/fs/cgroup/unified",
  });
  assert.ok(mounts);
  assert.equal(cgroupTrees(mounts).length, 4);
  const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
  assert.deepEqual(parseCgroupMounts(v2), { version: 2, mount: "/sys/fs/cgroup" });
  assert.equal(parseCgroupMounts("22 27 0:21 / /proc rw - proc proc rw\n"), undefined);
});
