import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Pod, PodSpec } from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { NO_DISK, type Candidate, type PodConsumption } from "./consumption.ts";
import { exceededLimit, hasDiskLimits } from "./limits.ts";
import { lowMessage } from "./message.ts";
import { evictionRank } from "./rank.ts";
import { firstShortage, type Shortage } from "../node/shortage.ts";

const MI = 1 << 20;
const MEMORY: Shortage = { resource: "memory", threshold: "100Mi", available: 50 * MI };
const disk = (bytes: number, inodes = 1) => ({ bytes, inodes });

function candidate(name: string, spec: Partial<PodSpec>, used?: Partial<PodConsumption>): Candidate {
  const pod = podOf({ containers: [container("main")], ...spec }, { name, uid: name });
  return { pod, used: used && { containers: [], volumes: new Map(), ...used } };
}

const asking = (amount: string, resource = "memory") => ({
  containers: [container("main", { resources: { requests: { [resource]: amount } } })],
});
const using = (memory: number) => ({ containers: [{ name: "main", memory, logs: NO_DISK }] });
const namesOf = (ranked: readonly Candidate[]) => ranked.map(({ pod }) => pod.metadata.name);

describe("the order of evictions", () => {
  test("for memory is: unknown use, use above requests, low priority, furthest above requests", () => {
    const ranked = evictionRank(
      [
        candidate("within", asking("100Mi"), using(90 * MI)),
        candidate("important", { priority: 10 }, using(500 * MI)),
        candidate("little-above", asking("100Mi"), using(110 * MI)),
        candidate("far-above", asking("100Mi"), using(300 * MI)),
        candidate("unknown", { priority: 100 }),
        candidate("within-more", asking("1Gi"), using(90 * MI)),
      ],
      MEMORY,
      false,
    );
    assert.deepEqual(namesOf(ranked), ["unknown", "far-above", "little-above", "important", "within", "within-more"]);
  });

  test("for a disk is by what lies on that disk", () => {
    const logs = candidate("logs", {}, { containers: [{ name: "main", logs: disk(50, 9), rootfs: disk(1) }] });
    const rootfs = candidate("rootfs", {}, { containers: [{ name: "main", logs: disk(1), rootfs: disk(60) }] });
    const volume = candidate("volume", {}, { volumes: new Map([["data", disk(55)]]) });
    const short = (
      at: "node" | "images",
      resource: "ephemeral-storage" | "inodes" = "ephemeral-storage",
    ): Shortage => ({
      resource,
      disk: at,
      threshold: "10%",
      available: 1,
    });
    const rank = (shortage: Shortage, apart: boolean) => namesOf(evictionRank([logs, rootfs, volume], shortage, apart));
    assert.deepEqual(rank(short("node"), false), ["rootfs", "volume", "logs"]);
    assert.deepEqual(rank(short("node"), true), ["volume", "logs", "rootfs"]);
    assert.deepEqual(rank(short("images"), true), ["rootfs", "logs", "volume"]);
    assert.deepEqual(rank(short("node", "inodes"), true), ["logs", "rootfs", "volume"]);
  });

  test("evicts no pod within its requests before a pod above its requests of the same or a lower priority", () => {
    const pods = fc.array(
      fc.record({ priority: fc.integer({ min: 0, max: 3 }), asked: fc.nat(200), used: fc.nat(200) }),
      { minLength: 2, maxLength: 8 },
    );
    fc.assert(
      fc.property(pods, (all) => {
        const given = all.map(({ priority, asked, used }, i) =>
          candidate(String(i), { priority, ...asking(`${asked}Mi`) }, using(used * MI)),
        );
        const order = evictionRank(given, MEMORY, false).map(({ pod }) => all[Number(pod.metadata.name)]!);
        assert.equal(order.length, all.length);
        for (const [i, one] of order.slice(1).entries()) {
          const before = order[i]!;
          const [wasOver, isOver] = [before.used > before.asked, one.used > one.asked];
          assert.ok(wasOver || !isOver);
          if (wasOver === isOver) assert.ok(before.priority <= one.priority);
          if (wasOver === isOver && before.priority === one.priority)
            assert.ok(before.used - before.asked >= one.used - one.asked);
        }
      }),
    );
  });

  test("acts upon memory before disks, and on disks before processes", () => {
    const pids: Shortage = { resource: "pids", threshold: "10", available: 1 };
    const inodes: Shortage = { resource: "inodes", disk: "node", threshold: "10", available: 1 };
    assert.equal(firstShortage([pids, inodes, MEMORY]), MEMORY);
    assert.equal(firstShortage([pids, inodes]), inodes);
    assert.equal(firstShortage([pids]), pids);
    assert.equal(firstShortage([]), undefined);
  });
});

describe("the message of an eviction", () => {
  test("says what is short, and which containers use more than they asked for", () => {
    const spec = { containers: [container("web", asking("10Mi").containers[0]), container("idle"), container("side")] };
    spec.containers[0] = { ...spec.containers[0]!, name: "web" };
    const used = {
      containers: [
        { name: "web", memory: 64 * MI, logs: NO_DISK },
        { name: "idle", logs: NO_DISK },
        { name: "side", memory: 1500, logs: NO_DISK },
      ],
    };
    assert.equal(
      lowMessage(MEMORY, candidate("web", spec, used)),
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. " +
        "Container web was using 64Mi, request is 10Mi, has larger consumption of memory. " +
        "Container side was using 1500, request is 0, has larger consumption of memory. ",
    );
    const storage: Shortage = { resource: "ephemeral-storage", disk: "node", threshold: "10Gi", available: 3 * MI };
    const wrote = { containers: [{ name: "main", rootfs: disk(1024), logs: disk(1024) }] };
    assert.equal(
      lowMessage(storage, candidate("writer", {}, wrote)),
      "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 3Mi. " +
        "Container main was using 2Ki, request is 0, has larger consumption of ephemeral-storage. ",
    );
    assert.equal(
      lowMessage(MEMORY, candidate("unknown", {})),
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ",
    );
    const whole = { ...asking("1Mi"), resources: { requests: { memory: "32Mi" } } };
    assert.match(
      lowMessage(MEMORY, candidate("whole", whole, using(64 * MI))),
      /Pod whole was using 64Mi, request is 32Mi, has larger consumption of memory\. Container main was using 64Mi, request is 1Mi/,
    );
  });
});

describe("a limit on disk", () => {
  const limited = (limit: string) => container("main", { resources: { limits: { "ephemeral-storage": limit } } });
  const message = (pod: Pod, used: Partial<PodConsumption>, apart = false) =>
    exceededLimit(pod, { containers: [], volumes: new Map(), ...used }, apart);

  test("bounds an emptyDir by its size", () => {
    const volumes = [
      { name: "cache", emptyDir: { sizeLimit: "1Mi" } },
      { name: "free", emptyDir: {} },
    ];
    const pod = podOf({ containers: [container("main")], volumes });
    assert.equal(hasDiskLimits(pod), true);
    assert.equal(
      message(pod, {
        volumes: new Map([
          ["cache", disk(MI)],
          ["free", disk(9 * MI)],
        ]),
      }),
      undefined,
    );
    assert.equal(
      message(pod, { volumes: new Map([["cache", disk(MI + 1)]]) }),
      'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ',
    );
    const inMemory = [{ name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }];
    assert.equal(hasDiskLimits(podOf({ containers: [container("main")], volumes: inMemory })), false);
  });

  test("bounds a pod by the sum of its containers' limits, over logs, images and emptyDirs", () => {
    const pod = podOf({ containers: [limited("1Mi"), container("other")] });
    const own = { containers: [{ name: "other", logs: disk(MI), rootfs: disk(10) }] };
    assert.equal(message(pod, own), "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ");
    assert.equal(message(pod, own, true), undefined, "what is written over the image is elsewhere");
  });

  test("bounds a container by its own limit, and is none where none is set", () => {
    const pod = podOf({ containers: [limited("1Mi"), { ...limited("9Mi"), name: "other" }] });
    const used = (bytes: number) => ({ containers: [{ name: "main", logs: disk(bytes), rootfs: disk(bytes) }] });
    assert.equal(message(pod, used(MI / 2)), undefined);
    assert.equal(message(pod, used(MI)), 'Container main exceeded its local ephemeral storage limit "1Mi". ');
    assert.equal(message(pod, used(MI), true), undefined);
    assert.equal(hasDiskLimits(podOf({ containers: [container("main")] })), false);
  });
});
