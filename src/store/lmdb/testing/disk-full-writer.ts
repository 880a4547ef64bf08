/*
 * The process of disk-full.test.ts: fills the disk it is on (or the file size it is allowed), says what it saw, and
 * goes on when it is told that there is room again.
 */
import { once } from "node:events";
import { StoreUnavailable } from "#store";
import { openLmdbStore } from "../store.ts";

const [, , dir = ""] = process.argv;
const VALUE = Buffer.alloc(3000, "x");

const store = await openLmdbStore({ dir, history: "all" });
const report = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
const put = (key: string) => store.commit({ expect: [], writes: [{ type: "put", key, value: VALUE }] });

/** Commits until one is refused; returns why, and checks that all others count. */
async function fill(round: number) {
  for (let i = 0; ; i += 8) {
    const keys = Array.from({ length: 8 }, (_, j) => `/${round}/${String(i + j).padStart(6, "0")}`);
    const results = await Promise.allSettled(keys.map(put));
    const refused = results.find((result) => result.status === "rejected");
    if (!refused) continue;
    const reason: unknown = refused.reason;
    return {
      unavailable: reason instanceof StoreUnavailable,
      message: reason instanceof Error ? reason.message : "",
      acknowledged: i + results.filter(({ status }) => status === "fulfilled").length,
    };
  }
}

async function state(round: number) {
  const range = await store.range({ start: `/${round}/`, end: `/${round}0`, limit: 10 });
  if (!range.ok) throw new Error(range.reason);
  return { revision: store.revision, count: range.value.count, readable: range.value.entries.length };
}

report({ ...(await fill(1)), ...(await state(1)) });
// Refused again, and again nothing breaks.
report({ ...(await fill(2)), ...(await state(1)) });
await once(process.stdin, "data");
const result = await put("/after");
report({ after: result.ok && result.revision, ...(await state(1)) });
await store.close();
process.stdin.destroy();
