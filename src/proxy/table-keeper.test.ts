import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createScope, createVirtualClock, silentLog } from "#base";
import type { EndpointSlice, Service } from "#objects";
import type { Nft } from "./host/nft.ts";
import { ownerOfService, parseOwner } from "./rules/ruleset.ts";
import { serviceFragment } from "./rules/service-fragment.ts";
import { TableKeeper, type SyncInfo } from "./table-keeper.ts";
import { createFakeTable } from "./testing/nft-text.ts";
import { endpoint, NODE, service, slice } from "./testing/objects.ts";

const CLIENTS = "add element ip knarr x { 10.0.0.1 timeout 3s expires 2s }\n";

function world(more: { readonly clients?: string } = {}) {
  const clock = createVirtualClock();
  const scope = createScope("test");
  const table = createFakeTable();
  const services = new Map<string, readonly [Service, EndpointSlice]>();
  const syncs: SyncInfo[] = [];
  const texts: string[] = [];
  const times: number[] = [];
  let failing: ((text: string) => boolean) | undefined;
  let there = true;
  let held: PromiseWithResolvers<void> | undefined;
  let atOnce = 0;
  const nft: Nft = {
    async apply(text) {
      assert.equal(++atOnce, 1, "one transaction at a time");
      await Promise.resolve();
      atOnce--;
      times.push(clock.now());
      texts.push(text);
      await held?.promise;
      if (failing?.(text)) throw new Error("no room");
      if (!text.includes("expires")) table.run(text);
    },
    exists: async () => {
      await held?.promise;
      return there;
    },
    rememberedClients: async () => more.clients ?? "",
  };
  const keeper = new TableKeeper({
    contexts: [NODE],
    fragmentOf: (owner, context) => {
      const found = services.get(parseOwner(owner).key);
      return found && serviceFragment(found[0], [found[1]], context);
    },
    nft,
    clock,
    scope,
    log: silentLog,
    minSyncMs: 20,
    onSync: (info) => syncs.push(info),
  });
  return {
    clock,
    scope,
    keeper,
    syncs,
    texts,
    times,
    dump: () => table.dump(),
    fail: (when: ((text: string) => boolean) | undefined) => {
      failing = when;
    },
    /** nft answers nothing more until it is let go. */
    hold() {
      held = Promise.withResolvers();
      return held.resolve;
    },
    lose: () => {
      there = false;
      table.run("delete table ip knarr");
    },
    set(name: string, ips: readonly string[] | undefined) {
      const pair = [
        service(name, { clusterIP: `10.96.0.${name.length}` }),
        slice(
          name,
          (ips ?? []).map((ip) => endpoint(ip)),
        ),
      ] as const;
      if (ips) services.set(name, pair);
      else services.delete(name);
      keeper.touch(ownerOfService(name));
    },
    async settled() {
      let done = false;
      void keeper.settled().then(() => (done = true));
      await clock.runUntil(() => done);
    },
    [Symbol.asyncDispose]: () => scope.close(),
  };
}

describe("the keeper of the tables", () => {
  test("tells nft everything at first, and then what changes: the first change at once, those after it together", async () => {
    await using w = world();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    assert.deepEqual(
      w.syncs.map(({ whole }) => whole),
      [true],
    );
    await w.clock.advance(1000);
    const began = w.clock.now();
    w.set("a", ["10.244.0.6"]);
    await w.settled();
    assert.equal(w.times.at(-1), began);
    w.set("a", ["10.244.0.7"]);
    w.set("bb", ["10.244.0.7"]);
    w.set("a", ["10.244.0.8"]);
    await w.settled();
    assert.equal(w.times.at(-1), began + 20);
    assert.deepEqual(
      w.syncs.map(({ whole }) => whole),
      [true, false, false],
    );
    assert.ok(w.dump().some((line) => line.endsWith("dnat to 10.244.0.8:8080")));
  });

  test("what changes nothing is not told", async () => {
    await using w = world();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    assert.equal(w.texts.length, 1);
  });

  test("after a failure everything is told, later each time, and changes meanwhile are in it", async () => {
    await using w = world();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    assert.equal(w.keeper.healthy, true);
    w.fail(() => true);
    w.set("a", ["10.244.0.6"]);
    await w.clock.runUntil(() => w.texts.length === 4);
    assert.equal(w.keeper.healthy, false);
    const [, first = 0, second = 0, third = 0] = w.times;
    assert.deepEqual([second - first, third - second], [500, 1000]);
    assert.ok(w.texts.slice(2).every((text) => text.startsWith("add table ip knarr\ndelete table")));
    w.set("bb", ["10.244.0.9"]);
    w.fail(undefined);
    await w.settled();
    assert.equal(w.keeper.healthy, true);
    assert.ok(w.dump().some((line) => line.endsWith("dnat to 10.244.0.9:8080")));
    assert.ok(w.dump().some((line) => line.endsWith("dnat to 10.244.0.6:8080")));
  });

  test("clients that nft refuses are left out in the end", async () => {
    await using w = world({ clients: CLIENTS });
    w.fail((text) => text.includes("expires"));
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    assert.equal(w.texts.length, 2);
    assert.ok(w.dump().length > 0);
  });

  test("chains of what is gone are removed a while later; if they cannot be, all is told anew", async () => {
    await using w = world();
    w.set("a", ["10.244.0.5"]);
    w.set("bb", ["10.244.0.5"]);
    await w.settled();
    w.set("a", undefined);
    await w.settled();
    const told = w.texts.length;
    await w.clock.runUntil(() => w.texts.length > told);
    assert.match(w.texts.at(-1) ?? "", /^delete chain ip knarr service-\S+\/a\/tcp\/\n$/);
    w.fail((text) => text.startsWith("delete chain"));
    w.set("bb", undefined);
    await w.settled();
    await w.clock.runUntil(() => w.syncs.filter(({ whole }) => whole).length === 2);
  });

  test("a table that another program removed is made again", async () => {
    await using w = world();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    w.lose();
    await w.clock.runUntil(() => w.syncs.length === 2);
    assert.equal(w.syncs[1]?.whole, true);
    assert.ok(w.dump().some((line) => line.endsWith("dnat to 10.244.0.5:8080")));
  });

  for (const [what, work] of [
    ["looks whether its table is there", (w: ReturnType<typeof world>) => w.clock.advance(31_000)],
    [
      "takes away what is gone",
      async (w: ReturnType<typeof world>) => {
        w.set("a", undefined);
        await w.clock.advance(20);
      },
    ],
  ] as const) {
    test(`stopped while it ${what}, it leaves no timer`, async () => {
      const w = world();
      w.set("a", ["10.244.0.5"]);
      await w.settled();
      const letGo = w.hold();
      await work(w);
      const closed = w.scope.close();
      letGo();
      await closed;
      assert.equal(w.clock.pending, 0);
    });
  }

  test("once stopped it sends nft nothing more, and no caller waits for ever", async () => {
    const w = world();
    w.set("a", ["10.244.0.5"]);
    await w.settled();
    w.set("a", ["10.244.0.6"]);
    const waiting = w.keeper.settled();
    await w.scope.close();
    await assert.rejects(waiting);
    await assert.rejects(w.keeper.settled());
    await w.clock.advance(100_000);
    assert.equal(w.texts.length, 1);
  });
});
