import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CSI_NODES, NODES } from "#objects";
import { GrpcError } from "#wire/grpc";
import { createCsiWorld, DRIVER } from "../testing/csi-world.ts";
import { until } from "../testing/directory.ts";

describe("a CSI driver on the node", () => {
  test("is registered by its socket: with the node, and in its objects, until the socket goes", async () => {
    await using world = await createCsiWorld();
    await world.ready();
    assert.deepEqual(world.driver.registrations, [""]);
    const key = { namespace: "", name: "n1" };
    const node = await world.client.get(NODES, key);
    assert.equal(node.metadata.annotations?.["csi.volume.kubernetes.io/nodeid"], `{"${DRIVER}":"node-1"}`);
    assert.equal(node.metadata.labels?.["topology.test/zone"], "z1");
    const csiNode = await world.client.get(CSI_NODES, key);
    assert.deepEqual(csiNode.spec.drivers, [
      { name: DRIVER, nodeID: "node-1", topologyKeys: ["topology.test/zone"], allocatable: { count: 5 } },
    ]);
    assert.equal(csiNode.metadata.ownerReferences?.[0]?.uid, node.metadata.uid);

    await world.driver.stop();
    await until(async () => (await world.client.get(CSI_NODES, key)).spec.drivers.length === 0);
    await until(
      async () =>
        (await world.client.get(NODES, key)).metadata.annotations?.["csi.volume.kubernetes.io/nodeid"] === undefined,
    );
    await world.driver.start();
    await until(async () => (await world.client.get(CSI_NODES, key)).spec.drivers.length === 1);
    await until(() => Promise.resolve(world.driver.registrations.length === 2));
    assert.deepEqual(world.driver.registrations, ["", ""]);
  });

  test("is told why it is not taken, and is taken once it says something better", async () => {
    await using world = await createCsiWorld({ versions: ["2.0.0"] });
    await world.driver.start();
    await world.start();
    await until(() => Promise.resolve(world.driver.registrations.length > 0));
    assert.equal(
      world.driver.registrations[0],
      `validation failed for CSI Driver ${DRIVER} at endpoint ${world.driver.socket}: kubernetes.io/csi: ValidatePlugin for CSI driver "${DRIVER}" failed. None of the versions specified ["2.0.0"] are supported.`,
    );
  });

  test("that does not know the node is asked again", async () => {
    await using world = await createCsiWorld();
    let failures = 1;
    world.driver.before.set("NodeGetInfo", () => {
      if (failures-- > 0) throw new GrpcError("Internal", "not yet");
    });
    await world.ready();
    assert.deepEqual(world.driver.registrations, [
      "RegisterPlugin error -- plugin registration failed with err: rpc error: code = Internal desc = not yet",
      "",
    ]);
  });
});
