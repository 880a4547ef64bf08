// Runs the whole suite, or what is asked for: `npm test -- src/store`, `npm test -- --changed`. A test that fails is
// run again, alone: what passes then is reported apart from what fails. See `USAGE` in test/options.ts.
import { spawnSync } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { realMachine } from "../test/support/machine.ts";
import { changedFiles, changedLane } from "./test/changed-lane.ts";
import { useCompileCache } from "./test/compile-cache.ts";
import { measuredBy, readDurations, slowestFirst, writeDurations } from "./test/durations.ts";
import { parseOptions, select, type Options } from "./test/options.ts";
import { duration, nameOfTarget, section, slowest, totals } from "./test/report.ts";
import { count } from "./test/results.ts";
import { MOST_FLAKY, patternOf, verdict } from "./test/retry.ts";
import { runFiles } from "./test/run-files.ts";
import { anyFailed, settle } from "./test/settle.ts";

const root = join(import.meta.dirname, "..");
const nameOf = (file: string) => relative(root, file);
const fromRoot = (selector: string) => (selector.startsWith("/") ? relative(root, selector) : selector);
const say = (text: string) => process.stdout.write(`${text}\n`);
/** The short lane starts no further file after this time. */
const LANE_SECONDS = 100;

const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());

useCompileCache(root, process.env);
process.exit(await main(parseOptions(process.argv.slice(2))));

async function main(options: Options | string): Promise<number> {
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  const plan = choose(options);
  if (typeof plan === "string") {
    console.error(plan);
    return 2;
  }
  await prepare(plan.files, options);
  const concurrency = concurrencyOf(options);
  const running = { root, timeoutMs: options.timeoutMs, signal: interruption.signal };
  const runs = await runFiles(
    plan.files.map((file) => resolve(root, file)),
    {
      ...running,
      namePatterns: options.namePatterns,
      concurrency,
      startsMore: () => options.changed === undefined || elapsed() < LANE_SECONDS,
    },
  );
  if (interruption.signal.aborted) {
    say("\ninterrupted");
    return 130;
  }
  const settled = await settle(
    runs,
    options.retries,
    async (target, attempt) => {
      say(`\nrun again, ${attempt} of ${options.retries}: ${nameOfTarget(target, nameOf)}`);
      const namePatterns = target.path ? [patternOf(target.path)] : options.namePatterns;
      const [rerun] = await runFiles([target.file], { ...running, concurrency: 1, namePatterns });
      return rerun!;
    },
    say,
  );
  if (interruption.signal.aborted) {
    say("\ninterrupted");
    return 130;
  }
  if (options.namePatterns.length === 0) writeDurations(root, measuredBy(runs, nameOf), options.recordDurations);

  const note = ({ attempts }: { attempts: readonly unknown[] }) =>
    attempts.length === 0 ? undefined : `failed, passed at attempt ${attempts.length + 1}`;
  const flaky = settled.flaky.map((each) => ({ ...each, note: note(each)! }));
  process.stdout.write(section("FLAKY", flaky, nameOf) + section("FAILED", settled.failed, nameOf));
  const leftOut = [...plan.leftOut, ...plan.files.slice(runs.length)];
  if (leftOut.length > 0) say(`\nLEFT OUT, for want of time\n${leftOut.map((file) => `  ${file}`).join("\n")}`);
  process.stdout.write(slowest(settled.runs, nameOf));
  const reason = verdict(settled.failed.length, settled.flaky.length);
  say(`\n${reason ? `red: ${reason}` : "green"}; ${settled.flaky.length} flaky of at most ${MOST_FLAKY}`);
  say(`${runs.length} files in ${duration(elapsed())}`);
  process.stdout.write(totals(count(settled.runs), performance.now() - started));
  return reason || anyFailed(settled) ? 1 : 0;
}

function concurrencyOf({ concurrency }: Options): number {
  return concurrency ?? availableParallelism();
}

interface Plan {
  readonly files: readonly string[];
  readonly leftOut: readonly string[];
}

/** Paths from the root, in the order in which they start. */
function choose(options: Options): Plan | string {
  const all = ["src", "scripts", "test", "examples"].flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { cwd: root }).sort(),
  );
  const durations = readDurations(root);
  if (options.changed === undefined) {
    const isFile = (path: string) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false;
    const files = select(all, options.selectors.map(fromRoot), isFile);
    return typeof files === "string" ? files : { files: slowestFirst(files, durations), leftOut: [] };
  }
  const changed = changedFiles(root, options.changed || "origin/main");
  if (typeof changed === "string") return changed;
  const { chosen, leftOut } = changedLane(root, changed, all, durations, LANE_SECONDS, concurrencyOf(options));
  say(`${changed.length} files changed: ${chosen.length + leftOut.length} test files of ${all.length} need them`);
  return { files: chosen, leftOut };
}

async function prepare(files: readonly string[], options: Options): Promise<void> {
  if (files.some((file) => file.startsWith("test/"))) {
    // The tests of the command line run side by side: none of them should have to build.
    spawnSync(join(root, "bin/knarr"), ["version"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  }
  if (options.selectors.length === 0 && options.changed === undefined) {
    // Installs what real containers need, where that can be done: before the first test that looks for it.
    const machine = await realMachine();
    if (!machine.ok) console.error(`\nSKIPPED: all tests with real containers: ${machine.reason}\n`);
  }
}
