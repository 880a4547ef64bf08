import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, Pod, PodSpec } from "#objects";
import { fsUserOf, memoryBytes, nestedMountPoints, usedVolumes } from "./pod-facts.ts";

const podOf = (spec: Partial<PodSpec>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: { containers: [], ...spec },
});
const mounting = (...mounts: readonly (readonly [name: string, mountPath: string])[]): Container => ({
  name: "main",
  volumeMounts: mounts.map(([name, mountPath]) => ({ name, mountPath })),
});

test("volumes count as used when a container mounts them, opens them or reads variables from them", () => {
  const pod = podOf({
    initContainers: [mounting(["a", "/a"])],
    containers: [{ name: "m", volumeDevices: [{ name: "b", devicePath: "/dev/b" }] }],
    ephemeralContainers: [
      { name: "e", env: [{ name: "X", valueFrom: { fileKeyRef: { volumeName: "c", path: "f", key: "k" } } }] },
    ],
    volumes: ["a", "b", "c", "d"].map((name) => ({ name })),
  });
  assert.deepEqual([...usedVolumes(pod)], ["a", "b", "c"]);
});

test("files belong to the user of all containers, if they have the same", () => {
  const run = (...users: readonly (number | undefined)[]) =>
    users.map((runAsUser, i) => ({
      name: `c${i}`,
      ...(runAsUser === undefined ? {} : { securityContext: { runAsUser } }),
    }));
  assert.equal(fsUserOf(podOf({ containers: run(1000, 1000) })), 1000);
  assert.equal(fsUserOf(podOf({ containers: run(1000, 1001) })), undefined);
  assert.equal(fsUserOf(podOf({ containers: run(1000, undefined) })), undefined);
  assert.equal(fsUserOf(podOf({ containers: run(1000, undefined), securityContext: { runAsUser: 1000 } })), 1000);
  assert.equal(fsUserOf(podOf({ containers: run(0) })), 0);
});

test("a volume in memory is bounded by its size and by the memory limits of the pod", () => {
  const limited = (memory?: string): Container => ({
    name: "m",
    resources: memory === undefined ? {} : { limits: { memory } },
  });
  const Mi = 2 ** 20;
  const size = (containers: readonly Container[], sizeLimit?: string, spec: Partial<PodSpec> = {}) =>
    memoryBytes(podOf({ containers, ...spec }), sizeLimit, "1Gi");
  assert.equal(size([limited()]), 1024 * Mi);
  assert.equal(size([limited()], "64Mi"), 64 * Mi);
  assert.equal(size([limited()], "0"), 1024 * Mi);
  assert.equal(size([limited("100Mi"), limited("28Mi")]), 128 * Mi);
  assert.equal(size([limited("100Mi"), limited()]), 1024 * Mi);
  assert.equal(size([limited()], "512Mi", { resources: { limits: { memory: "256Mi" } } }), 256 * Mi);
  assert.equal(memoryBytes(podOf({ containers: [limited()] }), undefined, undefined), undefined);
});

describe("the mount points within a volume", () => {
  const cases: readonly (readonly [
    what: string,
    mounts: readonly (readonly [string, string])[],
    nested: readonly string[],
  ])[] = [
    [
      "none",
      [
        ["own", "/a"],
        ["other", "/ab"],
      ],
      [],
    ],
    [
      "one, however it is written",
      [
        ["own", "/a/"],
        ["other", "//a/./b"],
      ],
      ["b"],
    ],
    [
      "not those within others",
      [
        ["own", "/a"],
        ["x", "/a/b"],
        ["y", "/a/b/c"],
        ["z", "/a/b-c/d"],
      ],
      ["b", "b-c/d"],
    ],
    [
      "the root",
      [
        ["own", "/"],
        ["x", "/data/x"],
      ],
      ["data/x"],
    ],
    [
      "wherever it is mounted",
      [
        ["own", "/a"],
        ["own", "/b"],
        ["x", "/b/c"],
      ],
      ["c"],
    ],
    [
      "never outside",
      [
        ["own", "/a"],
        ["x", "/a/../b"],
      ],
      [],
    ],
  ];
  for (const [what, mounts, nested] of cases) {
    test(`are found: ${what}`, () =>
      assert.deepEqual(nestedMountPoints(podOf({ containers: [mounting(...mounts)] }), "own"), nested));
  }
});
