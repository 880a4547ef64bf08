/*
 * The process that crash.test.ts kills: commits without end to the directory it is given, many at once, and prints
 * a line for each commit when it is acknowledged. With the mode "compact" it also forgets history all the
 * time, with "idle" it only has the directory open until its input ends.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createRandom } from "#base";
import type { Write } from "#store";
import { openLmdbStore } from "../store.ts";

const [, , dir = "", mode] = process.argv;
const IN_FLIGHT = 8;

const store = await openLmdbStore({ dir, history: "all" });
const random = createRandom(store.revision);
writeSync(1, `open ${store.revision}\n`);
if (mode === "idle") await once(process.stdin.resume(), "end");

const commitForever = async () => {
  for (;;) {
    const keys = [...new Set(Array.from({ length: 1 + random.int(3) }, () => `/k${random.int(200)}`))];
    const expect: { key: string; modRevision: number }[] = [];
    const writes: Write[] = [];
    for (const key of keys) {
      const read = await store.get(key);
      const modRevision = (read.ok && read.value?.modRevision) || 0;
      expect.push({ key, modRevision });
      // Only what exists, so that every write makes an event.
      if (modRevision > 0 && random.int(10) === 0) writes.push({ type: "delete", key });
      else writes.push({ type: "put", key, value: Buffer.from(`${key} ${"x".repeat(random.int(3000))}`) });
    }
    const result = await store.commit({ expect, writes });
    if (result.ok) writeSync(1, `${["ack", result.revision, ...keys].join(" ")}\n`);
  }
};

const compactForever = async () => {
  for (;;) {
    const value = Buffer.from("/compactor ");
    const result = await store.commit({ expect: [], writes: [{ type: "put", key: "/compactor", value }] });
    if (result.ok) writeSync(1, `ack ${result.revision} /compactor\n`);
    await store.compact(Math.max(1, store.revision - 100));
  }
};

await Promise.all([
  ...Array.from({ length: IN_FLIGHT }, commitForever),
  ...(mode === "compact" ? [compactForever()] : []),
]);
