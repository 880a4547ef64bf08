import assert from "node:assert/strict";
import type { StoreEvent } from "#store";
import {
  type Behaviour,
  commit,
  deleteOf,
  found,
  plainEvent,
  put,
  putOf,
  record,
  type Recorder,
  remove,
  until,
} from "./suite.ts";

const revisionsOf = (events: readonly StoreEvent[]) => events.map(({ revision }) => revision);

/** W: what watchers are told. */
export function watchBehaviours(behaviour: Behaviour): void {
  behaviour("W1 a watcher gets what comes after its revision, each event once", async (store) => {
    await put(store, "/a", "1");
    const watch = await record(store, store.revision);
    await put(store, "/a", "2");
    await put(store, "/b", "1");
    await remove(store, "/a");
    assert.deepEqual(watch.events.map(plainEvent), [
      {
        type: "put",
        revision: 3,
        key: "/a",
        entry: { key: "/a", value: "2", modRevision: 3, createRevision: 2 },
        previous: { key: "/a", value: "1", modRevision: 2, createRevision: 2 },
      },
      {
        type: "put",
        revision: 4,
        key: "/b",
        entry: { key: "/b", value: "1", modRevision: 4, createRevision: 4 },
        previous: undefined,
      },
      {
        type: "delete",
        revision: 5,
        key: "/a",
        entry: undefined,
        previous: { key: "/a", value: "2", modRevision: 3, createRevision: 2 },
      },
    ]);
  });

  behaviour("W2 history tells the same events as the live watch did", async (store) => {
    const live = await record(store, 1);
    await put(store, "/a", "1");
    await commit(store, [putOf("/a", "2"), putOf("/b", "1"), putOf("/c", "1")]);
    await commit(store, [deleteOf("/b"), putOf("/c", "2")]);
    await commit(store, []);
    await put(store, "/b", "2");
    await remove(store, "/a");
    await put(store, "/a", "3");
    for (let from = 1; from <= store.revision; from++) {
      const late = await record(store, from);
      assert.deepEqual(
        late.events.map(plainEvent),
        live.events.filter(({ revision }) => revision > from).map(plainEvent),
        `from ${from}`,
      );
      assert.equal(late.revision, store.revision);
    }
  });

  behaviour("W3 a watcher that starts amid commits gets neither gap nor repetition", async (store) => {
    for (let i = 0; i < 700; i++) void put(store, `/k${i % 7}`, `${i}`);
    await put(store, "/a", "1");
    const watches = [];
    const writing = (async () => {
      for (let i = 0; i < 200; i++) await Promise.all([put(store, "/a", `${i}`), put(store, "/b", `${i}`)]);
    })();
    for (let i = 0; i < 20; i++) {
      const from = 1 + i * 30;
      watches.push({ from, watch: await record(store, from) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    for (const { from, watch } of watches) {
      const expected = Array.from({ length: store.revision - from }, (_, i) => from + 1 + i);
      assert.deepEqual(revisionsOf(watch.events), expected);
    }
  });

  behaviour("W4 only keys with the prefix are told of", async (store) => {
    const prefixes = ["", "/", "/a", "/a/", "/a/b", "/a/b/", "/ab/", "/a/b/c", "/none/"];
    await put(store, "/a/b/0", "1");
    const late: Recorder[] = [];
    const live: Recorder[] = [];
    for (const prefix of prefixes) live.push(await record(store, 2, prefix));
    const keys = ["/a", "/a/b", "/a/b/c", "/a/bc", "/ab/c", "/b", "//", "x"];
    for (const key of keys) await put(store, key, "1");
    for (const prefix of prefixes) late.push(await record(store, 2, prefix));
    for (const [i, prefix] of prefixes.entries()) {
      const expected = keys.filter((key) => key.startsWith(prefix));
      for (const { events } of [live[i]!, late[i]!]) {
        assert.deepEqual(
          events.map(({ key }) => key),
          expected,
          `prefix ${prefix}`,
        );
      }
    }
  });

  behaviour("W5 every watcher learns how far things are, also when nothing matched", async (store) => {
    const watch = await record(store, 1, "/other/");
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    assert.equal(watch.events.length, 0);
    assert.equal(watch.revision, 3);
    const late = await record(store, 1, "/other/");
    assert.equal(late.revision, 3);
  });

  behaviour("W6 a batch holds whole revisions, and revisions never fall", async (store) => {
    const watch = await record(store, 1);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => commit(store, [putOf(`/a${i}`, "1"), putOf("/b", `${i}`)])),
    );
    const late = await record(store, 1);
    for (const { batches } of [watch, late]) {
      let last = 1;
      for (const { events, revision } of batches) {
        assert(revision > last);
        assert.deepEqual(
          revisionsOf(events),
          Array.from({ length: 2 * (revision - last) }, (_, i) => last + 1 + (i >> 1)),
        );
        last = revision;
      }
      assert.equal(last, 101);
    }
  });

  behaviour("W7 the watchers have been called when a commit resolves", async (store) => {
    const watch = await record(store, 1);
    for (let i = 0; i < 20; i++) {
      const revision = await put(store, "/a", `${i}`);
      assert.equal(watch.revision, revision);
    }
  });

  behaviour("W8 all watchers see the same order, also when one of them commits", async (store) => {
    const order: string[] = [];
    let nested: Promise<number> | undefined;
    const sink = (name: string) => (batch: { events: readonly StoreEvent[] }) => {
      for (const { key, revision } of batch.events) {
        order.push(`${name} ${revision}`);
        if (name === "first" && key === "/a") nested = put(store, "/nested", "1");
      }
    };
    await store.watch({ from: 1, prefix: "" }, sink("first"));
    await store.watch({ from: 1, prefix: "/" }, sink("second"));
    await put(store, "/a", "1");
    await until(() => nested !== undefined);
    assert.equal(await nested, 3);
    assert.deepEqual(order, ["first 2", "second 2", "first 3", "second 3"]);
  });

  behaviour("W9 a watcher that starts while another is being told is told everything once", async (store) => {
    const seen: number[] = [];
    let inner: Promise<unknown> | undefined;
    await store.watch({ from: 1, prefix: "" }, () => {
      inner ??= store.watch({ from: 1, prefix: "" }, ({ events }) => {
        seen.push(...revisionsOf(events));
      });
    });
    await Promise.all([put(store, "/a", "1"), put(store, "/a", "2"), put(store, "/a", "3")]);
    await inner;
    await put(store, "/a", "4");
    assert.deepEqual(seen, [2, 3, 4, 5]);
  });

  behaviour("W10 a closed watcher is not called again, also when it closes itself", async (store) => {
    const watch = await record(store, 1);
    const self = await record(store, 1);
    const other = await store.watch({ from: 1, prefix: "" }, () => {
      self.close();
    });
    await put(store, "/a", "1");
    watch.close();
    watch.close();
    const seen = self.events.length;
    await put(store, "/a", "2");
    assert.deepEqual(revisionsOf(watch.events), [2]);
    assert.equal(self.events.length, seen);
    assert(other.ok);
  });

  behaviour("W11 from a revision in the future nothing is told before it is past", async (store) => {
    const watch = await record(store, 4);
    for (let i = 0; i < 5; i++) await put(store, "/a", `${i}`);
    assert.deepEqual(revisionsOf(watch.events), [5, 6]);
  });

  behaviour("W12 an attachment comes back by reference, and is no part of the data", async (store) => {
    const attachment = Object.freeze({ parsed: true });
    const watch = await record(store, 1);
    await commit(store, [putOf("/a", "1", attachment)]);
    assert.equal(watch.events[0]?.entry?.attachment, attachment);
    assert.equal(found(await store.get("/a"))?.attachment, attachment);
    const { entries } = found(await store.range({ start: "/", end: "0" }));
    assert.equal(entries[0]?.attachment, attachment);
    await commit(store, [putOf("/a", "2")]);
    assert.equal(watch.events[1]?.previous?.attachment, attachment);
    assert.equal(found(await store.get("/a"))?.attachment, undefined);
  });

  behaviour("W13 deleting what does not exist makes a revision and no event", async (store) => {
    const watch = await record(store, 1);
    assert.equal(await remove(store, "/a"), 2);
    assert.deepEqual(watch.events, []);
    assert.equal(watch.revision, 2);
    const late = await record(store, 1);
    assert.deepEqual(late.events, []);
    assert.equal(found(await store.get("/a", 2)), undefined);
  });

  behaviour("W14 a conflict raises no event", async (store) => {
    const watch = await record(store, 1);
    await store.commit({ expect: [{ key: "/a", modRevision: 9 }], writes: [putOf("/a", "1")] });
    await put(store, "/b", "1");
    assert.deepEqual(
      watch.events.map(({ key }) => key),
      ["/b"],
    );
  });

  behaviour("W15 a sink that returns stop is given nothing more, of history or of what comes", async (store) => {
    for (let i = 0; i < 3; i++) await put(store, "/a", `${i}`);
    let late = 0;
    const handle = await store.watch({ from: 1, prefix: "" }, () => {
      late++;
      return "stop";
    });
    assert(handle.ok);
    let live = 0;
    await store.watch({ from: 4, prefix: "" }, () => {
      live++;
      return "stop";
    });
    const other = await record(store, 4);
    await put(store, "/a", "3");
    await put(store, "/a", "4");
    assert.deepEqual([late, live], [1, 1]);
    assert.deepEqual(revisionsOf(other.events), [5, 6]);
    handle.close();
  });

  behaviour("W16 a watch resolves once what history held at the call has been handed over", async (store) => {
    const writes = Array.from({ length: 1500 }, (_, i) => put(store, `/k${i % 9}`, `${i}`));
    await Promise.all(writes);
    const watch = await record(store, 1);
    assert.equal(watch.events.length, 1500);
    assert.equal(watch.revision, 1501);
  });
}
