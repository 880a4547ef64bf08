import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLog, createScope, createVirtualClock } from "#base";
import type { EventRecorder } from "#client";
import type { Node, Pod } from "#objects";
import { newView } from "../pod/transition.ts";
import type { StoredImage } from "../runtime.ts";
import { bytesToFree, evictionOrder, lookAgain, UPSTREAM_POLICY } from "./collection.ts";
import { startImageCollector } from "./collector.ts";
import { imagesInUse } from "../pod/images-in-use.ts";

const image = (id: string, bytes = 10, pinned = false): StoredImage => ({
  id,
  names: [`docker.io/${id}:1`],
  bytes,
  pinned,
});
const ids = (images: readonly StoredImage[]) => images.map(({ id }) => id);
const MINUTE = 60_000;

test("above the high threshold, a disk is to be freed down to the low threshold, in whole percents", () => {
  const free = (availableBytes: number) => bytesToFree({ capacityBytes: 1000, availableBytes }, UPSTREAM_POLICY);
  assert.equal(free(160), 0);
  // Percents are whole ones, as upstream counts.
  assert.equal(free(151), 49);
  assert.equal(free(150), 50);
  assert.equal(free(0), 200);
  assert.equal(free(5000), 0);
});

test("with enough room to spare nothing goes, whatever else fills the disk", () => {
  const policy = { ...UPSTREAM_POLICY, enoughBytes: 100 };
  const free = (availableBytes: number) => bytesToFree({ capacityBytes: 1000, availableBytes }, policy);
  assert.deepEqual([free(150), free(100), free(99), free(0)], [0, 0, 1, 100]);
});

test("those longest without use go first; what is in use, pinned or new stays", () => {
  const first = lookAgain(
    undefined,
    ["a", "b", "c", "used"].map((id) => image(id)),
    ({ id }) => id === "used",
    0,
  );
  const images = [image("new"), image("pinned", 10, true), ...["a", "b", "c", "used"].map((id) => image(id))];
  const second = lookAgain(first, images, ({ id }) => id === "b" || id === "used", MINUTE);
  const third = lookAgain(second, images, ({ id }) => id === "used", 2 * MINUTE);
  assert.deepEqual(ids(evictionOrder(third, 2 * MINUTE, UPSTREAM_POLICY)), ["a", "c", "b"]);
  const fourth = lookAgain(third, images, ({ id }) => id === "used", 3 * MINUTE);
  assert.deepEqual(ids(evictionOrder(fourth, 3 * MINUTE, UPSTREAM_POLICY)), ["a", "c", "new", "b"]);
});

test("whatever is seen and used: nothing in use, pinned or young ever goes, and images that are gone are forgotten", () => {
  const rounds = fc.array(
    fc.record({
      there: fc.uniqueArray(fc.nat(8)),
      used: fc.uniqueArray(fc.nat(8)),
      after: fc.integer({ min: 1, max: 3 * MINUTE }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(rounds, (all) => {
      let records: ReturnType<typeof lookAgain> | undefined;
      let now = 0;
      const since = new Map<number, number>();
      for (const { there, used, after } of all) {
        const isFirst = records === undefined;
        now += after;
        records = lookAgain(
          records,
          there.map((n) => image(String(n), 1, n === 8)),
          ({ id }) => used.includes(Number(id)),
          now,
        );
        assert.equal(records.size, there.length);
        for (const n of [...since.keys()]) if (!there.includes(n)) since.delete(n);
        for (const n of there) if (!since.has(n)) since.set(n, isFirst ? -Infinity : now);
        for (const id of ids(evictionOrder(records, now, UPSTREAM_POLICY)).map(Number)) {
          assert.ok(there.includes(id) && !used.includes(id) && id !== 8);
          assert.ok(now - since.get(id)! >= UPSTREAM_POLICY.minAgeMs);
        }
      }
    }),
  );
});

function collecting(images: readonly StoredImage[], disk: { capacityBytes: number; availableBytes: number }) {
  const clock = createVirtualClock();
  const scope = createScope("test");
  const stored = new Map(images.map((one) => [one.id, one]));
  const events: string[] = [];
  const recorder: EventRecorder = {
    event: (_about, level, reason, message) => void events.push(`${level} ${reason} ${message}`),
    flush: () => Promise.resolve(),
  };
  const stuck = new Set<string>();
  const collector = startImageCollector({
    store: {
      list: () => Promise.resolve([...stored.values()]),
      remove(id) {
        if (stuck.has(id)) return Promise.reject(new Error(`${id} is busy`));
        disk.availableBytes += stored.get(id)!.bytes;
        stored.delete(id);
        return Promise.resolve();
      },
      usage: () => Promise.resolve({ ...disk }),
    },
    inUse: () => new Set(["docker.io/web:1"]),
    recorder,
    node: (): Node => ({ apiVersion: "v1", kind: "Node", metadata: { name: "knarr-1" } }),
    clock,
    log: createLog(() => {}),
    scope,
    onImages: () => {},
  });
  return { clock, scope, stored, events, stuck, collector };
}

test("under disk pressure every unused image is removed, however young", async () => {
  const disk = { capacityBytes: 1000, availableBytes: 500 };
  const world = collecting([image("web", 400), image("a", 60), image("pinned", 60, true)], disk);
  await world.clock.advance(1000);
  assert.equal(world.stored.size, 3);
  world.stored.set("new", image("new", 10));
  await world.collector.removeUnused();
  assert.deepEqual([...world.stored.keys()], ["web", "pinned"]);
  await world.scope.close();
});

test("a full disk is freed down to the low threshold, and no further", async () => {
  const disk = { capacityBytes: 1000, availableBytes: 100 };
  const world = collecting([image("web", 400), image("a", 60), image("b", 60), image("c", 60)], disk);
  await world.clock.runUntil(() => disk.availableBytes >= 200, MINUTE);
  await world.clock.advance(10 * MINUTE);
  assert.deepEqual([...world.stored.keys()], ["web", "c"]);
  assert.deepEqual(world.events, []);
  // It fills again: the next round sees it.
  disk.availableBytes = 140;
  await world.clock.advance(5 * MINUTE);
  assert.deepEqual([...world.stored.keys()], ["web"]);
  await world.scope.close();
});

test("Events report when repeatedly not enough images can be removed", async () => {
  const world = collecting([image("web", 400), image("a", 60)], { capacityBytes: 1000, availableBytes: 0 });
  await world.clock.runUntil(() => world.events.length > 0, MINUTE);
  const first =
    "Failed to garbage collect required amount of images. Attempted to free 200 bytes, but only found 60 bytes eligible to free.";
  assert.deepEqual(world.events, [`Warning FreeDiskSpaceFailed ${first}`]);
  await world.clock.advance(5 * MINUTE);
  const second = first.replace("200 bytes", "140 bytes").replace("60 bytes", "0 bytes");
  assert.deepEqual(world.events.slice(1), [`Warning FreeDiskSpaceFailed ${second}`, `Warning ImageGCFailed ${second}`]);
  await world.scope.close();
});

test("an image that cannot go does not keep the others", async () => {
  const disk = { capacityBytes: 1000, availableBytes: 100 };
  const world = collecting([image("a", 60), image("b", 60), image("c", 60)], disk);
  world.stuck.add("a");
  await world.clock.runUntil(() => world.stored.size === 1, MINUTE);
  assert.deepEqual([...world.stored.keys()], ["a"]);
  await world.scope.close();
});

test("all images of a pod count as used, by name and by the id that its status shows", () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    spec: {
      containers: [{ name: "web", image: "nginx" }],
      initContainers: [{ name: "init", image: "quay.io/setup:2" }],
      volumes: [{ name: "data", image: { reference: "data:1" } }],
    },
    status: {
      containerStatuses: [
        { name: "web", image: "nginx", imageID: "docker.io/library/nginx@sha256:1", ready: true, restartCount: 0 },
      ],
    },
  };
  assert.deepEqual(
    [...imagesInUse([newView(pod, 0, { volumes: false })])],
    [
      "docker.io/library/nginx:latest",
      "quay.io/setup:2",
      "docker.io/library/data:1",
      "docker.io/library/nginx@sha256:1",
    ],
  );
});

test("a disk without a size is reported by an Event", async () => {
  const world = collecting([], { capacityBytes: 0, availableBytes: 0 });
  await world.clock.runUntil(() => world.events.length > 0, MINUTE);
  assert.deepEqual(world.events, ["Warning InvalidDiskCapacity invalid capacity 0 on image filesystem"]);
  await world.scope.close();
});
