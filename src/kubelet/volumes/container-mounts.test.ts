import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { VolumeMount } from "#objects";
import { planMounts } from "./container-mounts.ts";

const env = new Map([
  ["POD", "web-0"],
  ["EMPTY", ""],
  ["UP", "../x"],
]);
const plan = (mount: Partial<VolumeMount>, supported = true) =>
  planMounts({ name: "main", volumeMounts: [{ name: "data", mountPath: "/data", ...mount }] }, env, supported)[0];

describe("a mount of a container", () => {
  const plain = {
    volume: "data",
    containerPath: "/data",
    subPath: "",
    readOnly: false,
    recursiveReadOnly: false,
    propagation: "None",
  };
  const cases: readonly (readonly [mount: Partial<VolumeMount>, more: object])[] = [
    [{}, {}],
    [{ mountPath: "data" }, {}],
    [{ readOnly: true }, { readOnly: true }],
    [{ subPath: "a/b" }, { subPath: "a/b" }],
    [{ subPathExpr: "logs/$(POD)" }, { subPath: "logs/web-0" }],
    [{ subPathExpr: "$$(POD)" }, { subPath: "$(POD)" }],
    [{ mountPropagation: "Bidirectional" }, { propagation: "Bidirectional" }],
    [{ readOnly: true, recursiveReadOnly: "Disabled" }, { readOnly: true }],
    [
      { readOnly: true, recursiveReadOnly: "Enabled" },
      { readOnly: true, recursiveReadOnly: true },
    ],
    [
      { readOnly: true, recursiveReadOnly: "IfPossible" },
      { readOnly: true, recursiveReadOnly: true },
    ],
  ];
  for (const [mount, more] of cases) {
    test(`is planned as upstream does it: ${JSON.stringify(mount)}`, () =>
      assert.deepEqual(plan(mount), { ...plain, ...more }));
  }

  test("is not recursively read-only with IfPossible where the runtime cannot", () => {
    assert.equal(plan({ readOnly: true, recursiveReadOnly: "IfPossible" }, false)?.recursiveReadOnly, false);
  });
});

describe("a mount that is not possible", () => {
  const rro = (rest: string) => `failed to resolve recursive read-only mode: ${rest}`;
  const asked = 'volume "data" requested recursive read-only mode, but it is';
  const cases: readonly (readonly [mount: Partial<VolumeMount>, message: string])[] = [
    [{ subPath: "/a" }, "error SubPath `/a` must not be an absolute path"],
    [{ subPath: "a/../b" }, "unable to provision SubPath `a/../b`: must not contain '..'"],
    [{ subPathExpr: "$(UP)" }, "unable to provision SubPath `../x`: must not contain '..'"],
    [{ subPathExpr: "$(NONE)/$(EMPTY)/$(POD)" }, "missing value for EMPTY, NONE"],
    [{ mountPropagation: "Odd" }, 'invalid MountPropagation mode: "Odd"'],
    [{ recursiveReadOnly: "Enabled" }, rro(`${asked} not read-only`)],
    [
      { readOnly: true, recursiveReadOnly: "Enabled", mountPropagation: "HostToContainer" },
      rro(`${asked} not compatible with propagation "HostToContainer"`),
    ],
    [{ readOnly: true, recursiveReadOnly: "Enabled" }, rro(`${asked} not supported by the runtime`)],
    [{ readOnly: true, recursiveReadOnly: "Odd" }, rro('unknown recursive read-only mode "Odd"')],
  ];
  for (const [mount, message] of cases)
    test(`is refused: ${message}`, () => assert.throws(() => plan(mount, false), { message }));
});
