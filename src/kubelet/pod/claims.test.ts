import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  podCondition,
  type PersistentVolume,
  type Pod,
} from "#objects";
import { container } from "../testing/pods.ts";
import { createTestWorld, shown, type TestWorld } from "../testing/world.ts";

const key = { namespace: "default", name: "data" };
const isReady = (pod: Pod | undefined) => pod !== undefined && podCondition(pod, "Ready")?.status === "True";
const SPEC = {
  containers: [container("web", { volumeMounts: [{ name: "d", mountPath: "/d" }] })],
  volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }],
  terminationGracePeriodSeconds: 1,
};

async function createClaim({ client }: TestWorld): Promise<void> {
  await client.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name: "data", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "pv" },
  });
}

/** What the binder does. */
async function bind({ client }: TestWorld): Promise<void> {
  const claim = await client.get(PERSISTENT_VOLUME_CLAIMS, key);
  const claimRef = { namespace: "default", name: "data", uid: claim.metadata.uid! };
  const spec: PersistentVolume["spec"] = {
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    hostPath: { path: "/srv" },
    claimRef,
  };
  await client.create(PERSISTENT_VOLUMES, { metadata: { name: "pv" }, spec });
  const status = { phase: "Bound" };
  await client.patch(PERSISTENT_VOLUME_CLAIMS, key, { type: "merge", body: { status } }, { subresource: "status" });
}

describe("a pod with a claim on a simulated node", () => {
  test("starts as soon as the claim is bound, and not before", async () => {
    await using world = await createTestWorld();
    await createClaim(world);
    await world.run("web", SPEC);
    await world.clock.advance(60_000);
    assert.equal(shown(await world.pod("web"), "web"), "waiting ContainerCreating");
    assert.deepEqual(
      (await world.events("web")).filter((text) => text.includes("FailedMount")),
      [
        "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: error processing PVC default/data: PVC is not bound",
      ],
    );
    await bind(world);
    const before = world.clock.now();
    await world.until("web", isReady);
    assert.ok(world.clock.now() - before < 5_000, "it follows the claim");
    assert.deepEqual(world.complaints, []);
  });

  test("says that there is no such claim, and is deleted all the same", async () => {
    await using world = await createTestWorld();
    await world.run("web", SPEC);
    await world.clock.advance(5_000);
    const [event] = (await world.events("web")).filter((text) => text.includes("FailedMount"));
    assert.match(event ?? "", /failed to fetch PVC from API server: persistentvolumeclaims "data" not found$/);
    await world.client.delete(PODS, { namespace: "default", name: "web" });
    await world.until("web", (pod) => pod === undefined);
  });
});
