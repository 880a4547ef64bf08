import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createCaches } from "#client";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VolumePool,
  type New,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import { createFakeClient, type FakeClient } from "#simulation";
import { runControllers } from "../framework/index.ts";
import { persistentVolumeBinder } from "./controller.ts";

const NS = "shop";

/** What a user does, or what becomes of the controller. */
type Act =
  | { readonly type: "volume"; readonly name: string; readonly size: number; readonly keptFor?: string }
  | { readonly type: "claim"; readonly name: string; readonly size: number; readonly wants?: string }
  | { readonly type: "delete claim" | "delete volume"; readonly name: string }
  /** Its process dies after so many more writes, and another begins. */
  | { readonly type: "die"; readonly writes: number }
  /** After some writes, so many of the next ones are refused. */
  | { readonly type: "fail"; readonly after: number; readonly writes: number }
  | { readonly type: "wait"; readonly ms: number };

const claimName = fc.constantFrom("a", "b", "c");
const volumeName = fc.constantFrom("v", "w", "x", "y");
const size = fc.integer({ min: 1, max: 3 });
const perhaps = <T>(one: fc.Arbitrary<T>) => fc.option(one, { freq: 3, nil: undefined });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ name: volumeName, size, keptFor: perhaps(claimName) })
      .map(({ keptFor, ...one }) => ({ type: "volume" as const, ...one, ...(keptFor ? { keptFor } : {}) })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ name: claimName, size, wants: perhaps(volumeName) })
      .map(({ wants, ...one }) => ({ type: "claim" as const, ...one, ...(wants ? { wants } : {}) })),
  },
  { weight: 2, arbitrary: claimName.map((name) => ({ type: "delete claim" as const, name })) },
  { weight: 1, arbitrary: volumeName.map((name) => ({ type: "delete volume" as const, name })) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 4 }).map((writes) => ({ type: "die" as const, writes })) },
  {
    weight: 3,
    arbitrary: fc
      .record({ after: fc.integer({ min: 0, max: 4 }), writes: fc.integer({ min: 1, max: 8 }) })
      .map((one) => ({ type: "fail" as const, ...one })),
  },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 20, 2000).map((ms) => ({ type: "wait" as const, ms })) },
);

const volumeOf = ({ name, size, keptFor }: Act & { type: "volume" }) =>
  ({
    metadata: { name },
    spec: {
      capacity: { storage: `${size}Gi` },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      ...(keptFor ? { claimRef: { namespace: NS, name: keptFor } } : {}),
    },
    status: { phase: "Pending" },
  }) as New<PersistentVolume>;

const claimOf = ({ name, size, wants }: Act & { type: "claim" }) =>
  ({
    metadata: { namespace: NS, name },
    spec: {
      resources: { requests: { storage: `${size}Gi` } },
      accessModes: ["ReadWriteOnce"],
      ...(wants ? { volumeName: wants } : {}),
    },
    status: { phase: "Pending" },
  }) as New<PersistentVolumeClaim>;

const isWrite = (verb: string) => verb !== "get" && verb !== "list" && verb !== "watch";

/** A cluster whose binder dies and comes back. */
class World {
  readonly clock = createVirtualClock();
  readonly client: FakeClient;
  #random = createRandom(1);
  #writesLeft: number | undefined;
  #spared = 0;
  #failures = 0;
  #dead = false;
  #scope = createScope("binder");
  /** By uid, the uid of the claim that each volume was reserved for last. */
  readonly #reservedFor = new Map<string, string>();
  readonly problems: string[] = [];

  constructor() {
    this.client = createFakeClient({ clock: this.clock, random: this.#random });
  }

  start(): void {
    const { clock, client } = this;
    const common = { clock, random: this.#random, log: silentLog };
    this.#dead = false;
    this.#writesLeft = undefined;
    this.#scope = createScope("binder");
    const caches = createCaches({ client, scope: this.#scope, ...common });
    runControllers([persistentVolumeBinder()], { client, caches, scope: this.#scope, ...common });
    client.before = (verb) => {
      if (this.#dead) throw new Error("the process is dead");
      if (!isWrite(verb)) return;
      this.#watch();
      if (this.#spared > 0) this.#spared--;
      else if (this.#failures > 0) {
        this.#failures--;
        throw new Error("refused");
      }
      if (this.#writesLeft === undefined) return;
      if (this.#writesLeft === 0) this.#dead = true;
      else this.#writesLeft--;
      if (this.#dead) throw new Error("the process is dead");
    };
  }

  async restart(): Promise<void> {
    await this.#scope.close();
    this.start();
  }

  /** As a user, whom no fault of the binder's touches. */
  async user(what: () => Promise<unknown>): Promise<void> {
    const { before } = this.client;
    this.client.before = undefined;
    try {
      await what();
    } catch {
      // It is there already, or gone.
    } finally {
      this.client.before = before;
    }
    this.#watch();
  }

  async play(one: Act): Promise<void> {
    const { client } = this;
    switch (one.type) {
      case "volume":
        return this.user(() => client.create(PERSISTENT_VOLUMES, volumeOf(one)));
      case "claim":
        return this.user(() => client.create(PERSISTENT_VOLUME_CLAIMS, claimOf(one)));
      case "delete claim":
        return this.user(() => client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name: one.name }));
      case "delete volume":
        return this.user(() => client.delete(PERSISTENT_VOLUMES, { namespace: "", name: one.name }));
      case "fail":
        this.#spared = one.after;
        this.#failures = one.writes;
        return;
      case "wait":
        await this.clock.advance(one.ms);
        return;
      case "die":
        this.#writesLeft = one.writes;
        await this.clock.advance(50);
        await this.restart();
    }
  }

  /** No volume may go from a claim that is there to another. */
  #watch(): void {
    const live = new Map(this.client.all(PERSISTENT_VOLUME_CLAIMS).map((claim) => [claim.metadata.uid ?? "", claim]));
    for (const { metadata, spec } of this.client.all(PERSISTENT_VOLUMES)) {
      const { uid = "", name } = metadata;
      const now = spec?.claimRef?.uid;
      const before = this.#reservedFor.get(uid);
      if (now !== undefined) this.#reservedFor.set(uid, now);
      if (before === undefined || now === undefined || now === before) continue;
      if (live.get(before)?.spec?.volumeName === name)
        this.problems.push(`${name} was taken from ${before} for ${now}`);
    }
  }

  async close(): Promise<void> {
    await this.#scope.close();
  }
}

/** What is not as it should be once nothing happens any more. */
function unsettled(client: FakeClient): string[] {
  const claims = client.all(PERSISTENT_VOLUME_CLAIMS);
  const volumes = client.all(PERSISTENT_VOLUMES);
  const problems: string[] = [];
  for (const claim of claims) {
    const { name, uid } = claim.metadata;
    const volume = volumes.find(({ metadata }) => metadata.name === claim.spec?.volumeName);
    const isBound = claim.status?.phase === "Bound";
    if (isBound && volume?.spec?.claimRef?.uid !== uid) problems.push(`${name} has a volume that is not its own`);
    if (isBound && volume?.status?.phase !== "Bound")
      problems.push(`${name} has a volume that is ${volume?.status?.phase}`);
    if (claim.status?.phase !== "Pending" || claim.spec?.volumeName) continue;
    const pool = new VolumePool();
    for (const one of volumes) pool.put(one);
    const fitting = pool.find(claim);
    if (fitting) problems.push(`${name} waits, and ${fitting.metadata.name} is there for it`);
  }
  for (const { metadata, spec, status } of volumes) {
    const ref = spec?.claimRef;
    const claim = claims.find((one) => one.metadata.uid === ref?.uid);
    const expected = !ref?.uid
      ? "Available"
      : !claim
        ? "Released"
        : claim.spec?.volumeName === metadata.name
          ? "Bound"
          : "one that names another";
    if (status?.phase !== expected) problems.push(`${metadata.name} is ${status?.phase} and should be ${expected}`);
  }
  const bound = claims.flatMap(({ spec, status }) => (status?.phase === "Bound" ? (spec?.volumeName ?? "") : []));
  if (new Set(bound).size < bound.length) problems.push(`two claims have one volume: ${bound.join(" ")}`);
  return problems;
}

test("both sides agree in the end, whatever the user does and after whichever write the binder dies", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
      const world = new World();
      world.start();
      try {
        for (const one of acts) await world.play(one);
        await world.play({ type: "fail", after: 0, writes: 0 });
        await world.clock.advance(60_000);
        assert.deepEqual([...world.problems, ...unsettled(world.client)], []);
      } finally {
        await world.close();
      }
    }),
    { numRuns: 300 },
  );
});
