import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "#objects";
import { LOCAL_PROVISIONER } from "../local-volumes/port.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { volumeExpansionController } from "./controller.ts";

const KEY = { namespace: "shop", name: "data" };

/** A claim that has 1Gi of a volume that the provisioner has made. */
async function bound(world: TestWorld, provisioner: string): Promise<void> {
  const { client } = world;
  const claim = await client.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: KEY,
    spec: { volumeName: "v", resources: { requests: { storage: "1Gi" } } },
    status: { phase: "Bound", capacity: { storage: "1Gi" } },
  } as never);
  await client.create(PERSISTENT_VOLUMES, {
    metadata: { name: "v", annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
    spec: { capacity: { storage: "1Gi" }, claimRef: { ...KEY, uid: claim.metadata.uid ?? "" } },
  });
  await world.settle();
}

const ask = ({ client }: TestWorld, storage: string) =>
  client.patch(PERSISTENT_VOLUME_CLAIMS, KEY, {
    type: "merge",
    body: { spec: { resources: { requests: { storage } } } },
  });

describe("a claim that asks for more", () => {
  test("gets it at once where the built-in provisioner has made its volume", async () => {
    await using world = await createTestWorld([volumeExpansionController()]);
    await bound(world, LOCAL_PROVISIONER);
    await ask(world, "5Gi");
    await world.settle();
    assert.equal(world.client.all(PERSISTENT_VOLUMES)[0]?.spec?.capacity?.["storage"], "5Gi");
    assert.deepEqual(world.client.all(PERSISTENT_VOLUME_CLAIMS)[0]?.status, {
      phase: "Bound",
      capacity: { storage: "5Gi" },
      allocatedResources: { storage: "5Gi" },
    });
    assert.deepEqual(world.events(), [
      "Normal Resizing External resizer is resizing volume v",
      "Normal VolumeResizeSuccessful Resize volume succeeded",
    ]);
  });

  test("is left to the driver's resizer elsewhere, and told so once", async () => {
    await using world = await createTestWorld([volumeExpansionController()]);
    await bound(world, "csi.example.com");
    await ask(world, "5Gi");
    await world.settle();
    await world.client.patch(
      PERSISTENT_VOLUME_CLAIMS,
      KEY,
      { type: "merge", body: { status: { conditions: [{ type: "Resizing", status: "True" }] } } },
      { subresource: "status" },
    );
    await world.settle();
    assert.equal(world.client.all(PERSISTENT_VOLUMES)[0]?.spec?.capacity?.["storage"], "1Gi");
    assert.deepEqual(world.events(), [
      "Normal ExternalExpanding waiting for an external controller to expand this PVC",
    ]);
  });

  test("says while it grows what it is to have", async () => {
    await using world = await createTestWorld([volumeExpansionController()]);
    await bound(world, LOCAL_PROVISIONER);
    const seen: (string | undefined)[] = [];
    const stop = world.caches.of(PERSISTENT_VOLUME_CLAIMS).subscribe(({ object: { status } }) => {
      const conditions = (status?.conditions ?? []).map(({ type }) => type).join(" ");
      seen.push(`${status?.allocatedResourceStatuses?.["storage"]} ${conditions}`);
    });
    await ask(world, "5Gi");
    await world.settle();
    stop();
    assert.ok(seen.includes("ControllerResizeInProgress Resizing"));
  });
});
