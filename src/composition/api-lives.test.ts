import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { retryOnConflict, type WatchEvent } from "#client";
import {
  CONFIG_MAPS,
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  RUNTIME_CLASSES,
  SECRETS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VOLUME_ATTRIBUTES_CLASSES,
  parseGroupVersion,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from "#objects";
import { follow } from "./testing/follow.ts";
import { createCompositionWorld } from "./testing/world.ts";

// What upstream's conformance tests ask of the API of kinds that clients and drivers write, with all controllers
// running.

interface Life {
  readonly type: ResourceType;
  /** All but type and metadata. */
  readonly body: object;
}

const life = (type: ResourceType, body: object): Life => ({ type, body });

const attachment = {
  spec: { attacher: "csi.example.com", nodeName: "absent", source: { persistentVolumeName: "absent" } },
};

const STORAGE: readonly Life[] = [
  life(CSI_DRIVERS, { spec: { attachRequired: false } }),
  life(CSI_NODES, { spec: { drivers: [{ name: "csi.example.com", nodeID: "absent" }] } }),
  life(CSI_STORAGE_CAPACITIES, { storageClassName: "absent", capacity: "1Gi", nodeTopology: {} }),
  life(STORAGE_CLASSES, { provisioner: "csi.example.com" }),
  life(VOLUME_ATTACHMENTS, attachment),
  life(VOLUME_ATTRIBUTES_CLASSES, { driverName: "csi.example.com", parameters: { iops: "100" } }),
  life(CONFIG_MAPS, { data: { a: "1" } }),
  life(SECRETS, { data: { a: "MQ==" } }),
];

const typeOf = (apiVersion: string, resource: string, kind: string, namespaced = true): ResourceType => ({
  ...parseGroupVersion(apiVersion),
  resource,
  kind,
  namespaced,
});

const RESOURCE_V1 = "resource.k8s.io/v1";
const claim = { spec: { devices: { requests: [{ name: "one", exactly: { deviceClassName: "gpu.example.com" } }] } } };
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "nginx" }] } };

const NODE: readonly Life[] = [
  life(LEASES, { spec: { holderIdentity: "holder", leaseDurationSeconds: 30, leaseTransitions: 0 } }),
  life(RUNTIME_CLASSES, { handler: "runc" }),
  life(typeOf("v1", "podtemplates", "PodTemplate"), { template }),
  life(typeOf(RESOURCE_V1, "deviceclasses", "DeviceClass", false), { spec: {} }),
  life(typeOf(RESOURCE_V1, "resourceclaims", "ResourceClaim"), claim),
  life(typeOf(RESOURCE_V1, "resourceclaimtemplates", "ResourceClaimTemplate"), { spec: claim }),
  life(typeOf(RESOURCE_V1, "resourceslices", "ResourceSlice", false), {
    spec: {
      driver: "gpu.example.com",
      pool: { name: "pool", generation: 1, resourceSliceCount: 1 },
      allNodes: true,
      devices: [{ name: "gpu-0" }],
    },
  }),
];

const LIVES: readonly Life[] = [...STORAGE, ...NODE];

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const labels = { app: "lives" };
const keyOf = ({ namespaced }: ResourceType): ObjectKey => ({ namespace: namespaced ? "default" : "", name: "lives" });

const isLabelled = (key: string) => (event: WatchEvent) =>
  event.type === "MODIFIED" && event.object.metadata.labels?.[key] === "true";
const labelled = <T extends KubeObject>(object: T, key: string): T => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [key]: "true" } },
});

/** The message of a write that the API refuses. */
const refused = (write: Promise<unknown>) =>
  write.then(
    () => assert.fail("the write was taken"),
    (error: Error) => error.message,
  );

describe("an object is found, made, read, patched, replaced, listed, watched, and deleted alone and with others", () => {
  for (const { type, body } of LIVES) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client, clock } = world;
      const key = keyOf(type);
      const verbs = (await client.discovery.find(type))?.verbs.toSorted();
      assert.deepEqual(verbs, VERBS);
      const abort = new AbortController();
      const watch = follow(client, type, abort.signal);
      const create = (name: string) => client.create(type, { metadata: { ...key, name, labels }, ...body } as never);
      await create("lives");
      await create("other");
      assert.deepEqual((await client.get(type, key)).metadata.labels, labels);
      await client.patch(type, key, { type: "merge", body: { metadata: { labels: { patched: "true" } } } });
      await watch.until(isLabelled("patched"));
      await retryOnConflict(clock, async () => client.update(type, labelled(await client.get(type, key), "replaced")));
      await watch.until(isLabelled("replaced"));
      const names = async (labelSelector: string) =>
        (await client.list(type, { labelSelector })).items.map(({ metadata }) => metadata.name);
      assert.deepEqual(await names("app=lives,patched=true,replaced=true"), ["lives"]);
      assert.deepEqual(await names("app=lives"), ["lives", "other"]);
      await client.delete(type, { ...key, name: "other" });
      await watch.until((event) => event.type === "DELETED" && event.object.metadata.name === "other");
      await create("another");
      await client.deleteCollection(type, { namespace: key.namespace, labelSelector: "replaced=true" });
      await watch.until((event) => event.type === "DELETED" && event.object.metadata.name === "lives");
      assert.deepEqual(await names("app=lives"), ["another"]);
      abort.abort();
      await watch.ended;
    });
  }
});

describe("data that is immutable stays, also its being so, while metadata changes and the object can be deleted", () => {
  for (const { type, body } of LIVES.filter(({ type: { kind } }) => kind === "ConfigMap" || kind === "Secret")) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client } = world;
      const key = keyOf(type);
      await client.create(type, { metadata: key, ...body } as never);
      const patch = (change: object) => client.patch(type, key, { type: "merge", body: change });
      await patch({ data: { a: "Mg==" } });
      await patch({ immutable: true });
      const why = "Forbidden: field is immutable when `immutable` is set";
      assert.ok((await refused(patch({ data: { a: "Mw==" } }))).endsWith(`data: ${why}`));
      assert.ok((await refused(patch({ data: { b: "Mw==" } }))).endsWith(`data: ${why}`));
      assert.ok((await refused(patch({ immutable: false }))).endsWith(`immutable: ${why}`));
      assert.ok((await refused(patch({ immutable: null }))).endsWith(`immutable: ${why}`));
      assert.deepEqual((await patch({ metadata: { labels } })).metadata.labels, labels);
      await client.delete(type, key);
      assert.deepEqual((await client.list(type, { labelSelector: "app=lives" })).items, []);
    });
  }
});

describe("a key that is empty is refused", () => {
  for (const type of [CONFIG_MAPS, SECRETS]) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const body = { metadata: keyOf(type), data: { "": "MQ==" } };
      const message = await refused(world.client.create<KubeObject>(type, body as never));
      assert.match(message, /is invalid: data\[\]: Invalid value: "": a valid config key must consist of/);
    });
  }
});

test("the status of a VolumeAttachment is written apart from its spec", async () => {
  await using world = await createCompositionWorld();
  const { client, clock } = world;
  const key = keyOf(VOLUME_ATTACHMENTS);
  await client.create(VOLUME_ATTACHMENTS, { metadata: key, ...attachment });
  const other = { ...attachment.spec, attacher: "other.example.com" };
  const patch = { type: "merge", body: { spec: other, status: { attached: true } } } as const;
  await client.patch(VOLUME_ATTACHMENTS, key, patch, { subresource: "status" });
  const patched = await client.get(VOLUME_ATTACHMENTS, key);
  assert.deepEqual([patched.status?.attached, patched.spec.attacher], [true, "csi.example.com"]);
  await retryOnConflict(clock, async () => {
    const now = await client.get(VOLUME_ATTACHMENTS, key);
    await client.update(VOLUME_ATTACHMENTS, { ...now, status: { attached: false } }, { subresource: "status" });
  });
  const put = await client.get(VOLUME_ATTACHMENTS, key);
  assert.deepEqual([put.status?.attached, put.spec], [false, attachment.spec]);
});

describe("a volume and a claim have a phase, and take what a client puts and patches into their status", () => {
  const capacity = { storage: "1Gi" };
  const accessModes = ["ReadWriteOnce"];
  const own = { reason: "Told", message: "by a client" };
  const conditions = [{ type: "Told", status: "True", ...own }];
  const bodies = [
    { type: PERSISTENT_VOLUMES, spec: { capacity, accessModes, hostPath: { path: "/x" } }, status: own },
    {
      type: PERSISTENT_VOLUME_CLAIMS,
      spec: { accessModes, resources: { requests: capacity }, storageClassName: "no" },
      status: { conditions },
    },
  ];
  for (const { type, spec, status } of bodies) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client, clock } = world;
      const of = type as ResourceType<KubeObject & { readonly status?: object }>;
      const key = keyOf(of);
      await client.create(of, { metadata: key, spec } as never);
      const hasAll = async (wanted: object) =>
        assert.partialDeepStrictEqual((await client.get(of, key)).status, wanted);
      assert.ok("phase" in ((await client.get(of, key)).status ?? {}));
      await client.patch(of, key, { type: "merge", body: { status } }, { subresource: "status" });
      await hasAll(status);
      const next = JSON.parse(JSON.stringify(status).replaceAll("by a client", "by a put")) as object;
      await retryOnConflict(clock, async () => {
        const now = await client.get(of, key);
        await client.update(of, { ...now, status: { ...now.status, ...next } }, { subresource: "status" });
      });
      await hasAll(next);
    });
  }
});

test("a Pod with a CSI volume in itself is made, read, listed, patched and deleted without its driver", async () => {
  await using world = await createCompositionWorld();
  const { client } = world;
  const key = keyOf(PODS);
  const csi = { driver: "csi.example.com", readOnly: true, fsType: "ext4", volumeAttributes: { size: "1Gi" } };
  const spec = { containers: [{ name: "main", image: "nginx" }], volumes: [{ name: "inline", csi }] };
  const abort = new AbortController();
  const watch = follow(client, PODS, abort.signal);
  await client.create(PODS, { metadata: { ...key, labels }, spec });
  assert.deepEqual((await client.get(PODS, key)).spec?.volumes?.[0], { name: "inline", csi });
  await client.patch(PODS, key, { type: "strategic", body: { metadata: { labels: { patched: "true" } } } });
  const { items } = await client.list(PODS, { namespace: "default", labelSelector: "app=lives,patched=true" });
  assert.deepEqual(
    items.map(({ spec: listed }) => listed?.volumes?.[0]?.csi),
    [csi],
  );
  await client.delete(PODS, key, { gracePeriodSeconds: 0 });
  await watch.until(({ type }) => type === "DELETED");
  abort.abort();
  await watch.ended;
});
