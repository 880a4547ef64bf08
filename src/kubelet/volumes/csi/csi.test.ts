import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PERSISTENT_VOLUME_CLAIMS, SECRETS, VOLUME_ATTACHMENTS } from "#objects";
import { GrpcError } from "#wire/grpc";
import type { TestDriver } from "../testing/csi-driver.ts";
import { createCsiWorld, DATA, DRIVER, named, POD } from "../testing/csi-world.ts";
import { modeOf, NEEDS_ROOT, until } from "../testing/directory.ts";
import { mountsOf, podWith, setUpFailed } from "../testing/world.ts";
import { attachmentName } from "./volume.ts";

const calls = ({ calls: all }: TestDriver) =>
  all.splice(0).map((call) => call.replace("Node", "").replace("Volume", ""));
const failsWith = (code: "Internal" | "Aborted", message: string) => () => {
  throw new GrpcError(code, message);
};

describe("a volume of a CSI driver", () => {
  test("is staged for the node and published for each pod, and the reverse with the last pod", async () => {
    await using world = await createCsiWorld({ source: { volumeAttributes: { a: "b" } } });
    const { driver } = world;
    const volumes = await world.ready();
    await volumes.mount(named("u1"));
    const [mount] = await mountsOf(volumes, named("u1"));
    assert.equal(mount?.hostPath, join(world.folder("u1"), "mount"));
    assert.deepEqual(calls(driver), ["Stage v1", "Publish v1"]);
    assert.deepEqual(driver.requests.get("NodeStageVolume"), {
      volumeId: "v1",
      publishContext: {},
      stagingTargetPath: join(world.global, "globalmount"),
      volumeCapability: {
        block: null,
        mount: { fsType: "", mountFlags: [], volumeMountGroup: "" },
        accessMode: { mode: "SINGLE_NODE_WRITER" },
      },
      secrets: {},
      volumeContext: { a: "b" },
    });
    assert.deepEqual(JSON.parse(await readFile(join(world.global, "vol_data.json"), "utf8")), {
      driverName: DRIVER,
      volumeHandle: "v1",
    });
    const data = JSON.parse(await readFile(join(world.folder("u1"), "vol_data.json"), "utf8")) as object;
    assert.deepEqual(
      { ...data, "knarr.dev/published": undefined, mode: undefined },
      {
        driverName: DRIVER,
        volumeHandle: "v1",
        specVolID: "pv",
        nodeName: "n1",
        attachmentID: attachmentName({ handle: "v1", driver: DRIVER }, "n1"),
        volumeLifecycleMode: "Persistent",
        mode: undefined,
        "knarr.dev/published": undefined,
      },
    );
    await volumes.mount(named("u2"));
    calls(driver);
    await volumes.unmount(named("u1"));
    assert.deepEqual(calls(driver), ["Unpublish v1"]);
    assert.ok(!existsSync(join(world.rootDir, "pods/u1")));
    await volumes.unmount(named("u2"));
    assert.deepEqual(calls(driver), ["Unpublish v1", "Unstage v1"]);
    assert.deepEqual(await readdir(join(world.rootDir, "pods")), []);
    assert.ok(!existsSync(world.global), "nothing is left of it");
  });

  test("is only published by a driver that stages nothing", async () => {
    await using world = await createCsiWorld({ capabilities: [] });
    const volumes = await world.ready();
    await volumes.mount(POD);
    await volumes.unmount(POD);
    assert.deepEqual(calls(world.driver), ["Publish v1", "Unpublish v1"]);
    assert.deepEqual(await readdir(join(world.rootDir, "pods")), []);
  });

  test("waits for its driver, says so, and is tried again when it comes", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.start();
    let changes = 0;
    const why = `MountVolume.MountDevice failed for volume "pv" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name ${DRIVER} not found in the list of registered CSI drivers`;
    await assert.rejects(volumes.mount(POD, { onChange: () => void changes++ }), { message: why });
    await world.driver.start();
    await until(() => Promise.resolve(changes === 1));
    await volumes.mount(POD);
    await volumes.unmount(POD);
  });

  test("waits until it is attached, and the driver gets what that told", async () => {
    await using world = await createCsiWorld({ driver: { attachRequired: true } });
    const { client, driver } = world;
    const volumes = await world.ready();
    const mounted = volumes.mount(POD);
    const name = attachmentName({ handle: "v1", driver: DRIVER }, "n1");
    const source = { persistentVolumeName: "pv" };
    await client.create(VOLUME_ATTACHMENTS, {
      metadata: { name },
      spec: { attacher: DRIVER, nodeName: "n1", source },
    });
    assert.deepEqual(calls(driver), []);
    const status = { attached: true, attachmentMetadata: { device: "sdx" } };
    await client.patch(
      VOLUME_ATTACHMENTS,
      { namespace: "", name },
      { type: "merge", body: { status } },
      { subresource: "status" },
    );
    await mounted;
    for (const method of ["NodeStageVolume", "NodePublishVolume"]) {
      assert.deepEqual(driver.requests.get(method)?.["publishContext"], { device: "sdx" });
    }
    await volumes.unmount(POD);
  });

  test("that waits to be attached does not hold up the end of its pod", async () => {
    await using world = await createCsiWorld({ driver: "no object" });
    const volumes = await world.ready();
    const mounted = assert.rejects(volumes.mount(POD), /the pod's volumes are closed/);
    await volumes.unmount(POD);
    await mounted;
    assert.deepEqual(calls(world.driver), []);
  });

  test("is told of the pod, of its tokens and of secrets, as the driver wishes", async () => {
    await using world = await createCsiWorld({
      driver: { podInfoOnMount: true, tokenRequests: [{ audience: "vault" }, { audience: "" }] },
      source: {
        nodeStageSecretRef: { namespace: "sys", name: "stage" },
        nodePublishSecretRef: { namespace: "sys", name: "publish" },
      },
    });
    const { client, driver, sources } = world;
    sources.issue = (audiences) =>
      Promise.resolve({ token: `for-${audiences.join()}`, issuedAt: 0, expiresAt: Date.UTC(2030, 0, 1) });
    const volumes = await world.ready();
    await assert.rejects(volumes.mount(POD), {
      message:
        'MountVolume.MountDevice failed for volume "pv" : fetching NodeStageSecretRef sys/stage failed: kubernetes.io/csi: failed to find the secret stage in the namespace sys with error: secrets "stage" not found',
    });
    for (const name of ["stage", "publish"]) {
      await client.create(SECRETS, { metadata: { namespace: "sys", name }, data: { k: btoa(name) } });
    }
    await volumes.mount(POD);
    assert.deepEqual(driver.requests.get("NodeStageVolume")?.["secrets"], { k: "stage" });
    assert.deepEqual(driver.requests.get("NodePublishVolume")?.["secrets"], { k: "publish" });
    assert.deepEqual(driver.requests.get("NodePublishVolume")?.["volumeContext"], {
      "csi.storage.k8s.io/pod.name": "web",
      "csi.storage.k8s.io/pod.namespace": "default",
      "csi.storage.k8s.io/pod.uid": "u1",
      "csi.storage.k8s.io/serviceAccount.name": "",
      "csi.storage.k8s.io/ephemeral": "false",
      "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({
        "": { token: "for-", expirationTimestamp: "2030-01-01T00:00:00Z" },
        vault: { token: "for-vault", expirationTimestamp: "2030-01-01T00:00:00Z" },
      }),
    });
    await volumes.unmount(POD);
  });

  test("may be in the pod itself, if the driver takes that", async () => {
    await using world = await createCsiWorld();
    const pod = podWith([{ name: "own", csi: { driver: DRIVER, readOnly: true, volumeAttributes: { size: "1" } } }]);
    const volumes = await world.ready();
    await volumes.mount(pod);
    const request = world.driver.requests.get("NodePublishVolume");
    assert.match(String(request?.["volumeId"]), /^csi-[0-9a-f]{64}$/);
    assert.deepEqual(
      [request?.["stagingTargetPath"], request?.["readonly"], request?.["volumeContext"]],
      ["", true, { size: "1" }],
    );
    assert.equal((await mountsOf(volumes, pod))[0]?.readOnly, true);
    await volumes.unmount(pod);
    assert.deepEqual(
      calls(world.driver).map((call) => call.split(" ")[0]),
      ["Publish", "Unpublish"],
    );

    await using other = await createCsiWorld({ driver: { volumeLifecycleModes: ["Persistent"] } });
    const refusing = await other.ready();
    await assert.rejects(
      refusing.mount(pod),
      setUpFailed(
        "own",
        `kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode "Ephemeral" not supported by driver ${DRIVER} (only supports ["Persistent"])`,
      ),
    );
  });

  test("is given to the pod's group by the kubelet or by the driver", { skip: NEEDS_ROOT }, async () => {
    const securityContext = { fsGroup: 1234 };
    const pod = podWith([DATA], { securityContext });
    await using world = await createCsiWorld({ source: { fsType: "ext4" } });
    const volumes = await world.ready();
    await volumes.mount(pod);
    assert.equal(await modeOf(join(world.folder("u1"), "mount")), "2775 0:1234");
    assert.deepEqual(groupIn(world.driver), "");

    await using delegating = await createCsiWorld({ capabilities: ["VOLUME_MOUNT_GROUP"], source: { fsType: "ext4" } });
    await (await delegating.ready()).mount(pod);
    assert.equal(await modeOf(join(delegating.folder("u1"), "mount")), "755 0:0");
    assert.deepEqual(groupIn(delegating.driver), "1234");

    await using none = await createCsiWorld({ driver: { fsGroupPolicy: "None" }, source: { fsType: "ext4" } });
    await (await none.ready()).mount(pod);
    assert.equal(await modeOf(join(none.folder("u1"), "mount")), "755 0:0");
  });

  test("as a block device is published as a file, outside of the pod's folder", async () => {
    await using world = await createCsiWorld({ spec: { volumeMode: "Block" } });
    const volumes = await world.ready();
    const volumeDevices = [{ name: "data", devicePath: "/dev/xvda" }];
    const pod = podWith([DATA], {}, { volumeMounts: [], volumeDevices });
    await volumes.mount(pod);
    const [device] = (await volumes.devicesOf?.(pod, pod.spec!.containers[0]!)) ?? [];
    const devices = join(world.rootDir, "plugins/kubernetes.io/csi/volumeDevices");
    assert.deepEqual(device, {
      hostPath: join(devices, "publish/pv/u1"),
      containerPath: "/dev/xvda",
      permissions: "mrw",
    });
    assert.deepEqual(
      world.driver.requests.get("NodePublishVolume")?.["stagingTargetPath"],
      join(devices, "staging/pv"),
    );
    await volumes.unmount(pod);
    assert.deepEqual(calls(world.driver), ["Stage v1", "Publish v1", "Unpublish v1", "Unstage v1"]);
    assert.deepEqual(world.driver.ready, { staged: [], published: [] });
  });
});

describe("a volume that has grown", () => {
  const sized = (storage: string, shown: string) => ({
    volume: { accessModes: ["ReadWriteOnce"], csi: { driver: DRIVER, volumeHandle: "v1" }, capacity: { storage } },
    claim: { status: { phase: "Bound", capacity: { storage: shown } } },
  });

  test("gets its size on the node when it is mounted and while it is used, and the claim shows it", async () => {
    await using world = await createCsiWorld({ capabilities: ["STAGE_UNSTAGE_VOLUME", "EXPAND_VOLUME"] });
    const { client, driver, sources } = world;
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } };
    await client.create(PERSISTENT_VOLUME_CLAIMS, { metadata: { name: "data", namespace: "default" }, spec });
    const shown = async () =>
      (await client.get(PERSISTENT_VOLUME_CLAIMS, { namespace: "default", name: "data" })).status?.capacity?.[
        "storage"
      ];
    const grow = (storage: string, before: string) => {
      const { volume, claim } = sized(storage, before);
      sources.putClaim("data", "pv", volume, claim);
    };
    grow("2Gi", "1Gi");
    const volumes = await world.ready();
    const events: string[] = [];
    await volumes.mount(POD, { onEvent: (level, reason, text) => void events.push(`${level} ${reason} ${text}`) });
    assert.deepEqual(calls(driver), ["Stage v1", "Publish v1", "Expand v1"]);
    assert.deepEqual(driver.requests.get("NodeExpandVolume")?.["capacityRange"], {
      requiredBytes: 2 ** 31,
      limitBytes: 0,
    });
    assert.equal(await shown(), "2Gi");
    grow("3Gi", "2Gi");
    await until(async () => (await shown()) === "3Gi");
    await until(() => Promise.resolve(events.length === 2));
    assert.equal(
      events[1],
      'Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume "pv" n1',
    );
    await volumes.unmount(POD);
  });

  test("is not used by a pod until it has its size", async () => {
    await using world = await createCsiWorld({ capabilities: ["EXPAND_VOLUME"] });
    const { volume, claim } = sized("2Gi", "1Gi");
    world.sources.putClaim("data", "pv", volume, claim);
    world.driver.before.set("NodeExpandVolume", failsWith("Internal", "no room"));
    const volumes = await world.ready();
    await assert.rejects(volumes.mount(POD), {
      message:
        'MountVolume.Setup failed while expanding volume for volume "pv" : Expander.NodeExpand failed to expand the volume : rpc error: code = Internal desc = no room',
    });
    await volumes.unmount(POD);
    assert.deepEqual(world.driver.ready, { staged: [], published: [] });
  });
});

const groupIn = (driver: TestDriver) =>
  (driver.requests.get("NodePublishVolume") as { volumeCapability: { mount: { volumeMountGroup: string } } })
    .volumeCapability.mount.volumeMountGroup;

describe("a CSI driver that fails", () => {
  test("to stage for good leaves nothing of the staging", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.ready();
    world.driver.before.set("NodeStageVolume", failsWith("Internal", "no disk"));
    const message = 'MountVolume.MountDevice failed for volume "pv" : rpc error: code = Internal desc = no disk';
    await assert.rejects(volumes.mount(POD), { name: "MountError", message });
    assert.ok(!existsSync(world.global));
    await volumes.unmount(POD);
    assert.deepEqual(calls(world.driver), ["Stage v1"], "what was refused is not undone");
    assert.deepEqual(await readdir(join(world.rootDir, "pods")), []);
  });

  test("to publish for good is not asked to unpublish, but to unstage", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.ready();
    world.driver.before.set("NodePublishVolume", failsWith("Internal", "no"));
    const why = "rpc error: code = Internal desc = no";
    await assert.rejects(volumes.mount(POD), setUpFailed("pv", why));
    await volumes.unmount(POD);
    assert.deepEqual(calls(world.driver), ["Stage v1", "Publish v1", "Unstage v1"]);
    assert.deepEqual(world.driver.ready, { staged: [], published: [] });
  });

  test("without an end to it is asked to undo what it may have done", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.ready();
    world.driver.before.set("NodePublishVolume", failsWith("Aborted", "pending"));
    await assert.rejects(volumes.mount(POD), setUpFailed("pv", "rpc error: code = Aborted desc = pending"));
    await volumes.unmount(POD);
    assert.deepEqual(calls(world.driver), ["Stage v1", "Publish v1", "Unpublish v1", "Unstage v1"]);
  });

  test("by hanging holds up neither other volumes nor the end of its pod", async () => {
    await using world = await createCsiWorld();
    const { driver, sources } = world;
    sources.putClaim("other", "pv2", { csi: { driver: DRIVER, volumeHandle: "v2" } });
    const volumes = await world.ready();
    let hung = 0;
    driver.before.set("NodeStageVolume", (signal) => {
      if (driver.requests.get("NodeStageVolume")?.["volumeId"] !== "v1") return;
      hung++;
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    const mounted = assert.rejects(volumes.mount(named("u1")), { name: "MountError" });
    await until(() => Promise.resolve(hung === 1));
    const other = named("u2", podWith([{ name: "data", persistentVolumeClaim: { claimName: "other" } }]));
    await volumes.mount(other);
    await volumes.unmount(named("u1"));
    await mounted;
    assert.ok(!existsSync(join(world.rootDir, "pods/u1")));
    assert.ok(driver.calls.includes("NodeUnstageVolume v1"), "it may have been staged");
    await volumes.unmount(other);
  });

  test("by dying between staging and publishing goes on where it was", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.ready();
    world.driver.before.set("NodePublishVolume", () => world.driver.stop());
    await assert.rejects(volumes.mount(POD), /code = (Unavailable|Canceled)/);
    world.driver.before.clear();
    calls(world.driver);
    await world.driver.start();
    await until(() => Promise.resolve(world.driver.registrations.length === 2));
    await volumes.mount(POD);
    assert.deepEqual(calls(world.driver), ["Stage v1", "Publish v1"]);
    await volumes.unmount(POD);
    assert.deepEqual(world.driver.ready, { staged: [], published: [] });
  });

  test("by answering garbage is an error like any other", async () => {
    await using world = await createCsiWorld({ info: { nodeId: "" } });
    await world.driver.start();
    await world.start();
    await until(() => Promise.resolve(world.driver.registrations.length > 0));
    assert.match(world.driver.registrations[0] ?? "", /driverNodeID must not be empty$/);
  });
});

describe("a kubelet that starts anew", () => {
  test("asks for its pods' volumes again, and undoes those of pods that are gone once the driver is there", async () => {
    await using world = await createCsiWorld();
    const first = await world.ready();
    await first.mount(named("u1"));
    await first.mount(named("u2"));
    await first.close();
    calls(world.driver);
    await world.driver.stop();

    const next = await world.start();
    await next.removeOrphans(new Set(["u1"]));
    assert.ok(existsSync(world.folder("u2")), "it waits for the driver");
    world.driver.registrations.length = 0;
    await world.driver.start();
    await world.registered();
    await next.mount(named("u1"));
    await until(() => Promise.resolve(!existsSync(join(world.rootDir, "pods/u2"))));
    await next.unmount(named("u1"));
    assert.deepEqual(world.driver.ready, { staged: [], published: [] });
    assert.ok(!existsSync(world.global));
  });

  test("forgets a volume whose record was never finished", async () => {
    await using world = await createCsiWorld();
    const volumes = await world.ready();
    await mkdir(join(world.folder("u9"), "mount"), { recursive: true });
    await writeFile(join(world.folder("u9"), "vol_data.json"), "{");
    await volumes.removeOrphans(new Set());
    assert.ok(!existsSync(join(world.rootDir, "pods/u9")));
    assert.deepEqual(calls(world.driver), []);
  });
});
