import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createRandom, systemClock } from "#base";
import {
  CSI_DRIVERS,
  NODES,
  type CSIDriverSpec,
  type CSIPersistentVolumeSource,
  type PersistentVolumeSpec,
  type Pod,
  type Volume,
} from "#objects";
import { createFakeClient } from "#simulation";
import { TestDriver, type TestDriverOptions } from "./csi-driver.ts";
import { createTestDirectory, until } from "./directory.ts";
import { createVolumesWorld, podWith } from "./world.ts";

export const DRIVER = "test.csi.example";
export const DATA: Volume = { name: "data", persistentVolumeClaim: { claimName: "data" } };
export const POD = podWith([DATA]);
export const named = (uid: string, pod = POD): Pod => ({ ...pod, metadata: { ...pod.metadata, uid, name: uid } });
const SHA_OF_V1 = "3bfc269594ef649228e9a74bab00f042efc91d5acc6fbee31a382e80d42388fe";

interface Options extends Partial<TestDriverOptions> {
  readonly driver?: Partial<CSIDriverSpec> | "no object";
  readonly source?: Partial<CSIPersistentVolumeSource>;
  readonly spec?: Partial<PersistentVolumeSpec>;
}

/** A node with a driver that has registered, and a claim `data` for its volume `v1`. */
export async function createCsiWorld({ driver: driverSpec = {}, source = {}, spec = {}, ...more }: Options = {}) {
  const dir = await createTestDirectory();
  const rootDir = join(dir.path, "kubelet");
  await mkdir(rootDir);
  const clock = systemClock;
  const client = createFakeClient({ clock, random: createRandom(1) });
  await client.create(NODES, { metadata: { name: "n1" } });
  if (driverSpec !== "no object") {
    await client.create(CSI_DRIVERS, {
      metadata: { name: DRIVER },
      spec: {
        attachRequired: false,
        fsGroupPolicy: "ReadWriteOnceWithFSType",
        volumeLifecycleModes: ["Persistent", "Ephemeral"],
        ...driverSpec,
      },
    });
  }
  const world = createVolumesWorld(rootDir, { clock, csi: { client, nodeName: "n1" } });
  world.sources.putClaim("data", "pv", {
    accessModes: ["ReadWriteOnce"],
    csi: { driver: DRIVER, volumeHandle: "v1", ...source },
    ...spec,
  });
  const driver = new TestDriver({ rootDir, dataDir: join(dir.path, "data"), ...more });
  const started: ReturnType<typeof world.start>[] = [];
  const start = async () => {
    const volumes = world.start();
    started.push(volumes);
    await volumes.prepare();
    return volumes;
  };
  const registered = () => until(() => Promise.resolve(driver.registrations.includes("")));
  return {
    sources: world.sources,
    client,
    driver,
    rootDir,
    start,
    registered,
    global: join(rootDir, "plugins/kubernetes.io/csi", DRIVER, SHA_OF_V1),
    folder: (uid: string, name = "pv") => join(rootDir, "pods", uid, "volumes/kubernetes.io~csi", name),
    /** The driver runs, and the node knows it. */
    async ready() {
      await driver.start();
      const volumes = await start();
      await registered();
      return volumes;
    },
    async [Symbol.asyncDispose]() {
      for (const volumes of started) await volumes.close();
      await driver.stop();
      await dir[Symbol.asyncDispose]();
    },
  };
}
