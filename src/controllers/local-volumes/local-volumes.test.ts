import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  type New,
  type PersistentVolumeClaim,
  type StorageClass,
} from "#objects";
import { persistentVolumeBinder } from "../persistent-volume-binder/controller.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { volumeProtectionController } from "../volume-protection/controller.ts";
import { localVolumeDeleter, localVolumeProvisioner } from "./controller.ts";
import { LOCAL_PROVISIONER, type LocalVolumes } from "./port.ts";

const NS = "shop";
const KEY = { namespace: NS, name: "data" };

/** Directories that are only remembered; `fail` is thrown by the next calls. */
function remembered() {
  const made = new Set<string>();
  const volumes: LocalVolumes & { readonly made: Set<string>; fail?: Error | undefined } = {
    made,
    fail: undefined,
    async create(node, volume) {
      if (volumes.fail) throw volumes.fail;
      made.add(`${node}:${volume}`);
      return `/data/${volume}`;
    },
    async remove(node, volume) {
      if (volumes.fail) throw volumes.fail;
      made.delete(`${node}:${volume}`);
    },
  };
  return volumes;
}

async function createWorld(volumes: LocalVolumes, storageClass: Partial<StorageClass> = {}): Promise<TestWorld> {
  return createTestWorld(
    [
      persistentVolumeBinder(),
      localVolumeProvisioner(volumes),
      localVolumeDeleter(volumes),
      volumeProtectionController,
    ],
    async (client) => {
      for (const name of ["n1", "n2"]) {
        await client.create(NODES, {
          metadata: { name, labels: { "kubernetes.io/hostname": name } },
          status: { conditions: [{ type: "Ready", status: "True" }] },
        } as never);
      }
      await client.create(STORAGE_CLASSES, {
        metadata: { name: "local" },
        provisioner: LOCAL_PROVISIONER,
        reclaimPolicy: "Delete",
        volumeBindingMode: "WaitForFirstConsumer",
        ...storageClass,
      });
    },
  );
}

const addClaim = ({ client }: TestWorld, node: string | undefined, spec: PersistentVolumeClaim["spec"] = {}) =>
  client.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: {
      ...KEY,
      ...(node === undefined ? {} : { annotations: { "volume.kubernetes.io/selected-node": node } }),
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      resources: { requests: { storage: "1Gi" } },
      ...spec,
    },
    status: { phase: "Pending" },
  } as New<PersistentVolumeClaim>);

const theVolume = ({ client }: TestWorld) => client.all(PERSISTENT_VOLUMES)[0];
const theClaim = ({ client }: TestWorld) => client.all(PERSISTENT_VOLUME_CLAIMS)[0];

describe("the local provisioner", () => {
  test("makes a directory on the node that the scheduler has chosen, and a volume that only that node has", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    const { metadata } = await addClaim(world, "n2");
    await world.settle(1000);
    const name = `pvc-${metadata.uid}`;
    assert.deepEqual([...volumes.made], [`n2:${name}`]);
    assert.equal(theClaim(world)?.spec?.volumeName, name);
    assert.equal(theClaim(world)?.status?.phase, "Bound");
    const { spec, status } = theVolume(world)!;
    assert.equal(spec?.local?.path, `/data/${name}`);
    assert.equal(status?.phase, "Bound");
    assert.deepEqual(spec?.nodeAffinity?.required?.nodeSelectorTerms, [
      { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["n2"] }] },
    ]);
    assert.deepEqual(
      world.events().filter((text) => text.includes("Provisioning")),
      [
        "Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner 'knarr.dev/local' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
        `Normal Provisioning External provisioner is provisioning volume for claim "shop/data"`,
        `Normal ProvisioningSucceeded Successfully provisioned volume ${name}`,
      ],
    );
  });

  test("makes nothing before the scheduler has chosen a node", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    await addClaim(world, undefined);
    await world.settle(1000);
    assert.equal(volumes.made.size, 0);
    assert.equal(theVolume(world), undefined);
  });

  test("of a class that does not wait takes the first node that takes pods and that its topologies allow", async () => {
    const volumes = remembered();
    const allowedTopologies = [{ matchLabelExpressions: [{ key: "kubernetes.io/hostname", values: ["n2", "n3"] }] }];
    await using world = await createWorld(volumes, { volumeBindingMode: "Immediate", allowedTopologies });
    await addClaim(world, undefined);
    await world.settle(1000);
    assert.equal([...volumes.made][0]?.split(":")[0], "n2");
    assert.equal(theClaim(world)?.status?.phase, "Bound");
  });

  test("of a class that does not wait waits for a node that takes pods", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes, { volumeBindingMode: "Immediate" });
    const ready = (status: string) => {
      for (const name of ["n1", "n2"]) {
        world.client.edit(NODES, { namespace: "", name }, (draft) => {
          draft["status"] = { conditions: [{ type: "Ready", status }] };
        });
      }
    };
    ready("Unknown");
    await addClaim(world, undefined);
    await world.settle(1000);
    assert.equal(theClaim(world)?.status?.phase, "Pending");
    ready("True");
    await world.settle(60_000);
    assert.equal(theClaim(world)?.status?.phase, "Bound");
  });

  test("removes the data when the claim is gone, then the volume", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    await addClaim(world, "n1");
    await world.settle(1000);
    await world.client.delete(PERSISTENT_VOLUME_CLAIMS, KEY);
    await world.settle(1000);
    assert.equal(volumes.made.size, 0);
    assert.equal(theVolume(world), undefined);
  });

  test("keeps the data of a class that retains", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes, { reclaimPolicy: "Retain" });
    await addClaim(world, "n1");
    await world.settle(1000);
    assert.equal(
      theVolume(world)?.metadata.finalizers?.includes("external-provisioner.volume.kubernetes.io/finalizer"),
      false,
    );
    await world.client.delete(PERSISTENT_VOLUME_CLAIMS, KEY);
    await world.settle(1000);
    assert.equal(volumes.made.size, 1);
    assert.equal(theVolume(world)?.status?.phase, "Released");
  });

  test("removes the data of a volume that was deleted before its claim", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    await addClaim(world, "n1");
    await world.settle(1000);
    const { name = "" } = theVolume(world)!.metadata;
    await world.client.delete(PERSISTENT_VOLUMES, { namespace: "", name });
    await world.settle(1000);
    assert.equal(volumes.made.size, 1, "the claim still has it");
    await world.client.delete(PERSISTENT_VOLUME_CLAIMS, KEY);
    await world.settle(1000);
    assert.equal(volumes.made.size, 0);
    assert.equal(theVolume(world), undefined);
  });

  test("tells why it could not, and tries again", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    volumes.fail = new Error("no space left on device");
    await addClaim(world, "n1");
    await world.settle(1000);
    const told =
      'Warning ProvisioningFailed failed to provision volume with StorageClass "local": no space left on device';
    assert.ok(world.events().includes(told));
    volumes.fail = undefined;
    await world.settle(60_000);
    assert.equal(theClaim(world)?.status?.phase, "Bound");
  });

  test("lets the scheduler choose again when the node is gone", async () => {
    await using world = await createWorld(remembered());
    await addClaim(world, "gone");
    await world.settle(1000);
    assert.equal(theClaim(world)?.metadata.annotations?.["volume.kubernetes.io/selected-node"], undefined);
    assert.ok(
      world
        .events()
        .includes(
          'Warning ProvisioningFailed failed to provision volume with StorageClass "local": node "gone" cannot have the volume',
        ),
    );
  });

  test("refuses what a directory cannot do", async () => {
    const volumes = remembered();
    await using world = await createWorld(volumes);
    await addClaim(world, "n1", { volumeMode: "Block" });
    await world.settle(1000);
    assert.ok(
      world
        .events()
        .includes(
          'Warning ProvisioningFailed failed to provision volume with StorageClass "local": block volumes are not supported',
        ),
    );
    assert.equal(volumes.made.size, 0);
  });
});
