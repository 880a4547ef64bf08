import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isPodTerminal, PODS, podCondition, type Pod } from "#objects";
import { createKubeletWorld } from "../testing/kubelet-world.ts";
import { shown } from "../testing/world.ts";
import { MountError, type Volumes, type VolumesListener } from "../volumes.ts";

/** Volumes whose results the test sets, and that record the calls. */
class ToldVolumes implements Volumes {
  readonly calls: string[] = [];
  /** Why mounting fails. */
  failure: string | undefined;
  /** Their claims are not bound. */
  unprocessed: string | undefined;
  changed: (() => void) | undefined;
  busy = 0;

  /** Says that a volume is not what it should be. */
  stale: ((message: string) => void) | undefined;

  mount(_pod: Pod, listener?: VolumesListener): Promise<void> {
    this.stale = (message) => listener?.onStale?.({ volume: "data", message });
    this.changed = () => listener?.onChange?.();
    this.calls.push("mount");
    if (this.unprocessed !== undefined) {
      const failure = { volume: "data", message: this.unprocessed, unprocessed: true };
      return Promise.reject(new MountError([failure, { volume: "a", message: "b" }]));
    }
    return this.failure === undefined
      ? Promise.resolve()
      : Promise.reject(new MountError([{ volume: "data", message: this.failure }]));
  }
  update({ metadata }: Pod): void {
    if (metadata.labels?.["color"]) this.calls.push(`update ${metadata.labels["color"]}`);
  }
  mountsOf() {
    this.calls.push("mountsOf");
    return Promise.resolve([]);
  }
  readFile() {
    return Promise.resolve("");
  }
  unmount(): Promise<void> {
    this.calls.push("unmount");
    return this.busy-- > 0 ? Promise.reject(new Error("busy")) : Promise.resolve();
  }
  close() {
    return Promise.resolve();
  }
}

async function createVolumesWorld() {
  const volumes = new ToldVolumes();
  return { ...(await createKubeletWorld({ volumes })), volumes };
}

const volumeMounts = [{ name: "data", mountPath: "/data" }];
const spec = {
  containers: [{ name: "web", image: "nginx", volumeMounts }],
  volumes: [{ name: "data", emptyDir: {} }],
  terminationGracePeriodSeconds: 1,
};
const isReady = (pod: Pod | undefined) => pod !== undefined && podCondition(pod, "Ready")?.status === "True";
const key = { namespace: "default", name: "web" };

describe("a pod with volumes", () => {
  test("frees its host ports once nothing of it runs, though its volumes are still there", async () => {
    await using world = await createVolumesWorld();
    const { volumes, client } = world;
    const ports = [{ containerPort: 80, hostPort: 8080 }];
    const holder = { ...spec, containers: spec.containers.map((container) => ({ ...container, ports })) };
    await world.run("web", holder);
    await world.until("web", isReady);
    volumes.busy = 3;
    await client.delete(PODS, key);
    await world.until("web", (pod) => pod?.status?.phase === "Failed" || pod?.status?.phase === "Succeeded");
    await world.run("next", holder);
    const next = await world.until("next", (pod) => isReady(pod) || pod?.status?.phase === "Failed");
    assert.deepEqual([next?.status?.phase, next?.status?.message], ["Running", undefined]);
  });

  test("mounts them before anything else, updates them with its labels, and removes them last", async () => {
    await using world = await createVolumesWorld();
    const { volumes, client } = world;
    await world.run("web", spec);
    await world.until("web", isReady);
    assert.deepEqual(volumes.calls, ["mount", "mountsOf"]);
    await client.patch(PODS, key, { type: "merge", body: { metadata: { labels: { color: "red" } } } });
    await world.clock.runUntil(() => volumes.calls.includes("update red"), 10_000);
    volumes.stale?.("it is gone");
    await world.clock.advance(2_000);
    assert.ok((await world.events("web")).includes("Warning FailedMount it is gone"));
    assert.ok(isReady(await world.pod("web")), "what runs runs on");
    volumes.calls.length = 0;
    volumes.busy = 1;
    await client.delete(PODS, key);
    await world.clock.runUntil(() => volumes.calls.includes("unmount"), 60_000);
    await world.clock.advance(1_000);
    assert.ok(await world.pod("web"), "the API knows the pod as long as something of it is left");
    await world.until("web", (pod) => pod === undefined);
    assert.deepEqual(
      volumes.calls.filter((call) => !call.startsWith("update")),
      ["unmount", "unmount"],
    );
  });

  test("runs nothing while they cannot be mounted, and Events say why", async () => {
    await using world = await createVolumesWorld();
    const message = 'MountVolume.SetUp failed for volume "data" : configmap "cm" not found';
    world.volumes.failure = message;
    await world.run("web", spec);
    const waiting = await world.until("web", (pod) => pod?.status?.containerStatuses !== undefined);
    assert.equal(shown(waiting, "web"), "waiting ContainerCreating");
    assert.equal(podCondition(waiting!, "PodReadyToStartContainers")?.status, "False");
    assert.equal(waiting?.status?.phase, "Pending");
    await world.clock.advance(10_000);
    // 0, 0.5, 1.5, 3.5, 7.5 s
    assert.deepEqual(
      world.volumes.calls,
      Array.from({ length: 5 }, () => "mount"),
    );
    assert.ok((await world.events("web")).includes(`Warning FailedMount ${message}`));
    world.volumes.failure = undefined;
    await world.until("web", isReady);
  });

  test("that waits for a claim tells so at once, and tries again as soon as something changes", async () => {
    await using world = await createVolumesWorld();
    const { volumes, clock } = world;
    volumes.unprocessed = "error processing PVC default/data: PVC is not bound";
    await world.run("web", spec);
    await clock.runUntil(() => volumes.calls.length === 8, 90_000);
    const events = await world.events("web");
    assert.ok(
      events.includes(
        "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[a data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/data: PVC is not bound",
      ),
      events.join("\n"),
    );
    volumes.unprocessed = undefined;
    volumes.changed?.();
    const before = clock.now();
    await world.until("web", isReady);
    assert.ok(clock.now() - before < 5_000, "it does not wait for the back-off of a minute");
  });

  test("is deleted although it never got them", async () => {
    await using world = await createVolumesWorld();
    world.volumes.failure = "no";
    await world.run("web", spec);
    await world.clock.runUntil(() => world.volumes.calls.length > 1, 10_000);
    await world.client.delete(PODS, key);
    await world.until("web", (pod) => pod === undefined);
    assert.equal(world.volumes.calls.at(-1), "unmount");
  });

  test("loses them once all its containers have terminated for good, though it still exists", async () => {
    await using world = await createVolumesWorld();
    await world.run("web", {
      ...spec,
      restartPolicy: "Never",
      containers: [{ name: "web", image: "busybox", command: ["sleep", "3"], volumeMounts }],
    });
    await world.until("web", (pod) => pod?.status?.phase === "Succeeded");
    await world.clock.runUntil(() => world.volumes.calls.at(-1) === "unmount", 10_000);
    assert.ok(await world.pod("web"));
  });

  test("never asks for any when it has none", async () => {
    await using world = await createVolumesWorld();
    await world.run("web", { containers: [{ name: "web", image: "nginx" }], terminationGracePeriodSeconds: 1 });
    await world.until("web", isReady);
    await world.client.delete(PODS, key);
    await world.until("web", (pod) => pod === undefined);
    assert.deepEqual(world.volumes.calls, []);
  });

  test("that has terminated frees its resources while its volumes are still being removed", async () => {
    await using world = await createVolumesWorld();
    const { volumes, client } = world;
    const [web] = spec.containers;
    const containers = [{ ...web!, ports: [{ containerPort: 80, hostPort: 8080 }] }];
    await world.run("web", { ...spec, containers });
    await world.until("web", isReady);
    volumes.busy = 100;
    await client.delete(PODS, key);
    await world.until("web", (pod) => pod !== undefined && isPodTerminal(pod));
    // The scheduler takes the port for free from here on.
    await world.run("next", { ...spec, containers });
    await world.until("next", isReady);
  });
});
