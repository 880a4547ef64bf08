// Runs the simulator on many seeds, on every core: `npm run simulate -- --seeds 10000`. See `USAGE` in options.ts.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { simulate } from "#simulator";
import { lmdbDisk } from "./lmdb-disk.ts";
import { parseOptions } from "./options.ts";

const options = parseOptions(process.argv.slice(2));
if (typeof options === "string") {
  console.error(options);
  process.exit(2);
}
const { seeds, from, seconds, store, verbose, worker } = options;
const disk = store === "lmdb" ? { disk: lmdbDisk } : {};
/** Seeds after which a process says how far it is. */
const PROGRESS_EVERY = 500;
const transcripts = join(import.meta.dirname, "../../.cache/simulation");

/** Runs the seeds one after the other; a failing one leaves its transcript in a file. Resolves to how many failed. */
async function run(first: number, count: number): Promise<number> {
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate({ seed, seconds, ...disk });
    if (verbose) console.log(result.transcript.join("\n"));
    const done = seed - first + 1;
    if (done % PROGRESS_EVERY === 0) console.log(`seeds ${first} to ${seed} ran, ${failed} failed`);
    if (result.problems.length === 0) continue;
    failed++;
    mkdirSync(transcripts, { recursive: true });
    const file = join(transcripts, `seed-${seed}.txt`);
    writeFileSync(file, `${result.transcript.join("\n")}\n`);
    console.log(`seed ${seed} failed: ${result.problems.join("\n  ")}\n  transcript: ${file}`);
    console.log(`  again: npm run simulate -- --from ${seed} --seeds 1 --seconds ${seconds} --store ${store}`);
  }
  return failed;
}

/** A process for each core, each with seeds of its own. Resolves to how many of them saw a seed fail. */
async function spread(): Promise<number> {
  const share = Math.ceil(seeds / Math.min(availableParallelism(), seeds));
  const codes: Promise<number>[] = [];
  for (let first = from; first < from + seeds; first += share) {
    const count = Math.min(share, from + seeds - first);
    const args = ["--worker", `--from=${first}`, `--seeds=${count}`, `--seconds=${seconds}`, `--store=${store}`];
    if (verbose) args.push("--verbose");
    const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, ...args], { stdio: "inherit" });
    codes.push(new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1))));
  }
  return (await Promise.all(codes)).filter((code) => code !== 0).length;
}

if (worker || seeds === 1) {
  process.exitCode = (await run(from, seeds)) > 0 ? 1 : 0;
} else {
  const began = performance.now();
  const failed = await spread();
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  console.log(failed === 0 ? `${seeds} seeds held (${took})` : `some of ${seeds} seeds failed, see above (${took})`);
  process.exitCode = failed > 0 ? 1 : 0;
}
