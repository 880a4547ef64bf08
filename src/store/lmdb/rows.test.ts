import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "#base";
import type { Entry, StoreEvent } from "#store";
import { openEnvironment } from "./environment.ts";
import type { PlannedCommit } from "./group-commit.ts";
import { applyRow, pagesFor, rowsOf } from "./rows.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

test("no transaction adds more pages than was reckoned", async (t) => {
  const env = openEnvironment(await temporaryDirectory(t), { noSync: true });
  const random = createRandom(7);
  const standing = new Map<string, Entry>();
  let revision = 1;
  let transaction = env.snapshot();
  t.after(async () => {
    transaction.done();
    await env.close();
  });
  /** A commit of one to three writes; big ones make values that take several pages. */
  const commit = (big: boolean): PlannedCommit => {
    revision++;
    const events = new Map<string, StoreEvent>();
    for (let i = random.int(3); i >= 0; i--) {
      const key = `/registry/${random.int(30)}/ns-${random.int(50)}/${"name".repeat(random.int(40))}${random.int(60)}`;
      const previous = standing.get(key);
      if (previous && random.int(3) === 0) {
        standing.delete(key);
        events.set(key, { type: "delete", revision, key, previous });
        continue;
      }
      const value = Buffer.alloc(random.int(big ? 40_000 : 3_000), 1);
      const entry: Entry = { key, value, modRevision: revision, createRevision: previous?.createRevision ?? revision };
      standing.set(key, entry);
      events.set(key, { type: "put", revision, key, entry, ...(previous && { previous }) });
    }
    return { revision, events: [...events.values()] };
  };
  for (let i = 0; i < 150; i++) {
    const big = i % 10 === 0;
    const commits = Array.from({ length: 1 + random.int(big ? 20 : 200) }, () => commit(big));
    const rows = rowsOf(commits, 0);
    const before = env.usedPages();
    await env.write(() => {
      for (const row of rows) applyRow(env.tables, row);
    });
    const used = env.usedPages() - before;
    const reckoned = pagesFor(rows, env.pageSize);
    assert(used <= reckoned, `${used} pages used, ${reckoned} reckoned for ${rows.length} rows`);
    const old = transaction;
    transaction = env.snapshot();
    old.done();
  }
});
