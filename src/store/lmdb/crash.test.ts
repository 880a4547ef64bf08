import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRandom } from "#base";
import type { Store, StoreEvent } from "#store";
import { openLmdbStore } from "./store.ts";

/** How often the writer is killed; more for a longer look. */
const KILLS = Number(process.env["KNARR_CRASH_KILLS"] ?? 100);
const SEED = Number(process.env["KNARR_CRASH_SEED"] ?? 1);
/** Writers at once, each on a directory of its own. */
const LANES = 4;

const WRITER = fileURLToPath(import.meta.resolve("./testing/crash-writer.ts"));

/** What a writer has told of, before it was killed. */
interface Acknowledged {
  readonly revision: number;
  readonly keys: readonly string[];
}

/**
 * Lets a writer run until it has told of some commits, and kills it after a random number of lines more. Returns
 * all that it had told of by then.
 */
async function runAndKill(
  dir: string,
  mode: string,
  lines: number,
): Promise<{ opened: number; acknowledged: Acknowledged[] }> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, dir, mode], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const acknowledged: Acknowledged[] = [];
  let opened = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    const [what, revision, ...keys] = line.split(" ");
    if (what === "open") opened = Number(revision);
    else acknowledged.push({ revision: Number(revision), keys });
    if (acknowledged.length >= lines) child.kill("SIGKILL");
  }
  // The kernel closes its files one by one: the last word may be here while its locks still stand.
  await exited;
  return { opened, acknowledged };
}

/** Everything that must hold of the files that a killed writer leaves. */
async function check(store: Store, expected: ReadonlyMap<number, readonly string[]>): Promise<void> {
  const events: StoreEvent[] = [];
  const from = Math.max(store.compacted, 1);
  const watch = await store.watch({ from, prefix: "" }, (batch) => {
    events.push(...batch.events);
  });
  assert(watch.ok);
  watch.close();
  const told = new Map<number, string[]>();
  const latest = new Map<string, StoreEvent>();
  let last = from;
  for (const event of events) {
    const { revision, key, entry, previous } = event;
    assert(revision === last || revision === last + 1, `revision ${revision} after ${last}`);
    last = revision;
    told.set(revision, [...(told.get(revision) ?? []), key]);
    if (entry) assert.equal(new TextDecoder().decode(entry.value).split(" ")[0], key);
    const before = latest.get(key);
    if (before)
      assert.equal(previous?.modRevision, before.entry?.modRevision, "what stood before is what the log says");
    latest.set(key, event);
  }
  assert.equal(last, store.revision, "the log ends at the revision");
  for (const [revision, keys] of expected) {
    if (revision > from) assert.deepEqual(told.get(revision), keys, `revision ${revision} was acknowledged`);
  }
  // The present is what the log adds up to.
  for (const [key, { entry }] of latest) {
    const read = await store.get(key);
    assert(read.ok);
    assert.deepEqual(read.value, entry);
  }
}

async function lane(kills: number, mode: string, seed: number): Promise<void> {
  const random = createRandom(seed);
  const dir = await mkdtemp(join(tmpdir(), "knarr-crash-"));
  const expected = new Map<number, readonly string[]>();
  try {
    let known = 1;
    for (let kill = 0; kill < kills; kill++) {
      const { opened, acknowledged } = await runAndKill(dir, mode, random.int(40));
      assert(opened >= known, `opened at ${opened}, but ${known} had been acknowledged`);
      let last = opened;
      for (const { revision, keys } of acknowledged) {
        assert.equal(revision, last + 1, "revisions are acknowledged in order, from where it was opened");
        last = revision;
        expected.set(revision, keys);
      }
      known = last;
      if (kill % 5 !== 4 && kill !== kills - 1) continue;
      const store = await openLmdbStore({ dir, history: "all" });
      try {
        await check(store, expected);
      } finally {
        await store.close();
      }
    }
  } finally {
    await rm(dir, { recursive: true });
  }
}

test(`a writer killed ${KILLS} times loses nothing it acknowledged`, { timeout: 30_000 + KILLS * 5000 }, async () => {
  const share = Math.ceil(KILLS / LANES);
  await Promise.all(
    Array.from({ length: LANES }, (_, i) => lane(share, i % 2 === 0 ? "keep" : "compact", SEED * 1000 + i)),
  );
});
