import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestDirectory } from "../testing/directory.ts";
import { createVolumesWorld, mountsOf, podWith } from "../testing/world.ts";

describe("image volumes", () => {
  const podOf = (pullPolicy?: string, subPath?: string) =>
    podWith(
      [{ name: "i", image: { reference: "quay.io/x:1", ...(pullPolicy ? { pullPolicy } : {}) } }],
      {},
      { volumeMounts: [{ name: "i", mountPath: "/i", ...(subPath ? { subPath } : {}) }] },
    );

  test("are fetched by policy and mounted by the runtime", async () => {
    await using dir = await createTestDirectory();
    const pulls: string[] = [];
    let present: string | undefined;
    let serial = 0;
    const images = {
      imageId: () => Promise.resolve(present),
      pullImage: (image: string) => {
        pulls.push(image);
        return Promise.resolve({ id: "sha256:new", bytes: 1 });
      },
    };
    const volumes = createVolumesWorld(dir.path, { images }).start();
    const mounted = async (...shape: Parameters<typeof podOf>) => {
      const pod = podOf(...shape);
      const own = { ...pod, metadata: { ...pod.metadata, uid: `u${serial++}` } };
      await volumes.mount(own);
      pulls.length = 0;
      const [mount] = await mountsOf(volumes, own);
      return { mount, pulls: pulls.length };
    };
    assert.deepEqual(await mounted(undefined, "a/b"), {
      mount: {
        containerPath: "/i",
        image: "sha256:new",
        hostPath: "a/b",
        readOnly: true,
        recursiveReadOnly: false,
        propagation: "None",
      },
      pulls: 1,
    });
    await assert.rejects(mounted("Never"), {
      reason: "ErrImageNeverPull",
      message: 'Container image "quay.io/x:1" is not present with pull policy of Never',
    });
    present = "sha256:old";
    const outcomes = [await mounted("IfNotPresent"), await mounted("Never"), await mounted("Always")];
    assert.deepEqual(
      outcomes.map(({ mount, pulls: count }) => `${mount?.image} ${count}`),
      ["sha256:old 0", "sha256:old 0", "sha256:new 1"],
    );
    await volumes.close();
  });
});
