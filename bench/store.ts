import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "#store";
import { openLmdbStore } from "#store/lmdb";
import { createMemoryStore } from "#store/memory";

/** What one workload did. */
export interface StoreFigures {
  readonly workload: string;
  readonly perSecond: number;
  /** Milliseconds; absent where single operations were not timed. */
  readonly p50?: number;
  readonly p99?: number;
}

/** About what a small Pod takes as JSON. */
const VALUE_BYTES = 1500;

const now = () => performance.now();

/** A value of its own for each commit. */
function valueOf(i: number): Uint8Array {
  return Buffer.alloc(VALUE_BYTES, `{"metadata":{"name":"pod-${i}"}}`);
}

/** Creates keys with so many commits in flight, for about `ms` milliseconds. */
export async function benchCommits(store: Store, name: string, inFlight: number, ms: number): Promise<StoreFigures> {
  const latencies: number[] = [];
  const start = now();
  let next = 0;
  const client = async () => {
    while (now() - start < ms) {
      const i = next++;
      const began = now();
      const key = `/registry/pods/bench-${name}-${inFlight}/pod-${String(i).padStart(8, "0")}`;
      const result = await store.commit({
        expect: [{ key, modRevision: 0 }],
        writes: [{ type: "put", key, value: valueOf(i) }],
      });
      if (!result.ok) throw new Error(`conflict at ${key}`);
      latencies.push(now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  const seconds = (now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)] ?? 0;
  return {
    workload: `${name}: create, ${inFlight} in flight`,
    perSecond: latencies.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

async function timed(workload: string, operations: number, run: () => Promise<unknown>): Promise<StoreFigures> {
  const start = now();
  await run();
  return { workload, perSecond: operations / ((now() - start) / 1000) };
}

/** Reads of a store that holds `count` keys. */
export async function benchReads(store: Store, name: string, count = 10_000): Promise<StoreFigures[]> {
  const prefix = "/registry/pods/bench-reads/";
  const end = "/registry/pods/bench-reads0";
  const keys = Array.from({ length: count }, (_, i) => `${prefix}pod-${String(i).padStart(8, "0")}`);
  await Promise.all(
    keys.map((key, i) => store.commit({ expect: [], writes: [{ type: "put", key, value: valueOf(i) }] })),
  );
  return [
    await timed(`${name}: get`, count, async () => {
      for (const key of keys) await store.get(key);
    }),
    await timed(`${name}: range of ${count} keys, keys`, count, () => store.range({ start: prefix, end })),
    await timed(`${name}: range of ${count} keys in pages of 500 at one revision, keys`, count, async () => {
      const at = store.revision;
      for (let start = prefix; ;) {
        const page = await store.range({ start, end, limit: 500, at });
        if (!page.ok || !page.value.more) return;
        start = `${page.value.entries.at(-1)!.key}\u0001`;
      }
    }),
    await timed(`${name}: history of ${count} revisions, events`, count, async () => {
      const handle = await store.watch({ from: store.revision - count, prefix: "" }, () => {});
      if (handle.ok) handle.close();
    }),
  ];
}

/** Commits with 100 watchers of different prefixes: events handed over per second. */
export async function benchWatch(store: Store, name: string, watchers = 100, commits = 5_000): Promise<StoreFigures> {
  let seen = 0;
  const handles = [];
  for (let i = 0; i < watchers; i++) {
    const handle = await store.watch(
      { from: store.revision, prefix: `/registry/watched/ns-${i % 10}/` },
      ({ events }) => {
        seen += events.length;
      },
    );
    handles.push(handle);
  }
  const start = now();
  for (let i = 0; i < commits; i += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, j) =>
        store.commit({
          expect: [],
          writes: [{ type: "put", key: `/registry/watched/ns-${j % 10}/key-${i + j}`, value: valueOf(j) }],
        }),
      ),
    );
  }
  const seconds = (now() - start) / 1000;
  for (const handle of handles) if (handle.ok) handle.close();
  return { workload: `${name}: ${watchers} watchers, deliveries`, perSecond: seen / seconds };
}

/** All workloads on both engines, each on an empty store. */
export async function benchStores(ms = 2_000): Promise<StoreFigures[]> {
  const figures: StoreFigures[] = [];
  const dir = await mkdtemp(join(tmpdir(), "knarr-bench-"));
  const engines: readonly (readonly [string, () => Promise<Store>])[] = [
    ["memory", async () => createMemoryStore()],
    ["lmdb", () => openLmdbStore({ dir })],
  ];
  try {
    for (const [name, open] of engines) {
      const store = await open();
      try {
        for (const inFlight of [1, 16, 64]) {
          figures.push(await benchCommits(store, name, inFlight, name === "memory" ? ms / 4 : ms));
        }
        figures.push(...(await benchReads(store, name)));
        figures.push(await benchWatch(store, name));
      } finally {
        await store.close();
      }
      if (name === "lmdb") {
        figures.push(await timed("lmdb: open with all that", 1, async () => (await open()).close()));
      }
    }
  } finally {
    await rm(dir, { recursive: true });
  }
  return figures;
}

if (import.meta.main) {
  for (const { workload, perSecond, p50, p99 } of await benchStores()) {
    const latency = p50 === undefined ? "" : `  p50 ${p50.toFixed(3)} ms  p99 ${p99!.toFixed(3)} ms`;
    console.log(`${workload.padEnd(70)} ${Math.round(perSecond).toLocaleString("en").padStart(12)}/s${latency}`);
  }
}
