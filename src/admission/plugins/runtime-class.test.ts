import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PODS, RUNTIME_CLASSES } from "#objects";
import { cluster, message, pod } from "../testing/cluster.ts";

describe("RuntimeClass", () => {
  const sandboxed = { metadata: { name: "sandboxed" }, handler: "gvisor" };
  const requests = { cpu: "100m", memory: "64Mi" };

  it("gives a pod its overhead, node selector and tolerations", async () => {
    await using world = await cluster();
    const { client } = world;
    const gpu = { key: "gpu", operator: "Exists", effect: "NoSchedule" };
    await client.create(RUNTIME_CLASSES, {
      ...sandboxed,
      overhead: { podFixed: requests },
      scheduling: { nodeSelector: { sandbox: "yes" }, tolerations: [gpu, { key: "x", operator: "Exists" }] },
    });
    const { spec } = await client.create(
      PODS,
      pod("p", {
        runtimeClassName: "sandboxed",
        nodeSelector: { disk: "ssd" },
        // Each is covered by one of the class.
        tolerations: [gpu, { key: "x", operator: "Equal", value: "1", effect: "NoSchedule" }],
      }),
    );
    assert.deepEqual(spec?.overhead, requests);
    assert.deepEqual(spec?.nodeSelector, { disk: "ssd", sandbox: "yes" });
    assert.deepEqual(
      spec?.tolerations?.filter(({ effect }) => effect !== "NoExecute"),
      [gpu, { key: "x", operator: "Exists" }],
    );
    // The same amounts in other words are the same.
    const same = pod("q", { runtimeClassName: "sandboxed", overhead: { cpu: "0.1", memory: "65536Ki" } });
    assert.deepEqual((await client.create(PODS, same)).spec?.overhead, requests);
  });

  it("leaves a pod alone whose class asks for nothing", async () => {
    await using world = await cluster();
    const { client } = world;
    await client.create(RUNTIME_CLASSES, sandboxed);
    const { spec } = await client.create(PODS, pod("p", { runtimeClassName: "sandboxed" }));
    assert.equal(spec?.runtimeClassName, "sandboxed");
    assert.equal(spec.overhead, undefined);
    assert.equal(spec.nodeSelector, undefined);
  });

  it("refuses a class that is not there or not any more, and what contradicts it", async () => {
    await using world = await cluster();
    const { client } = world;
    await client.create(RUNTIME_CLASSES, {
      ...sandboxed,
      overhead: { podFixed: requests },
      scheduling: { nodeSelector: { sandbox: "yes" } },
    });
    const runtimeClassName = "sandboxed";
    const cases: readonly (readonly [NonNullable<Parameters<typeof pod>[1]>, string])[] = [
      [{ runtimeClassName: "nope" }, 'pod rejected: RuntimeClass "nope" not found'],
      [
        { runtimeClassName, overhead: { cpu: "1" } },
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
      ],
      [
        { overhead: { cpu: "1" } },
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
      ],
      [
        { runtimeClassName, nodeSelector: { sandbox: "no" } },
        "conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no",
      ],
    ];
    for (const [spec, text] of cases) {
      await assert.rejects(client.create(PODS, pod("p", spec)), message(`pods "p" is forbidden: ${text}`));
    }
    await client.delete(RUNTIME_CLASSES, { namespace: "", name: "sandboxed" });
    await assert.rejects(
      client.create(PODS, pod("p", { runtimeClassName })),
      message('pods "p" is forbidden: pod rejected: RuntimeClass "sandboxed" not found'),
    );
  });
});
