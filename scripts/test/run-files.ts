// Runs test files with node:test, each in a process of its own, and prints as they go.
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { systemClock } from "#base";
import { FileResults, type FileRun, type TestEvent } from "./results.ts";
import { Watchdog } from "./watchdog.ts";

export interface RunOptions {
  readonly root: string;
  /** How many files run at a time; absent: as node:test decides, one less than there are cores, at least one. */
  readonly concurrency?: number;
  readonly namePatterns?: readonly (string | RegExp)[];
  /** For one test, and (with some seconds more, so that the test can say so) for a file as a whole. */
  readonly timeoutMs: number;
  /** Ends the run, and what it has started. */
  readonly signal: AbortSignal;
  /** Asked before each file; the run ends when it says no. */
  readonly startsMore?: () => boolean;
}

const TEST_SAYS_SO_MS = 5_000;
const MOST_LINGER_MS = 60_000;
/** Said by node:test at the end; a run with retries has sums of its own. */
const SUMS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** Files absolute, in the order in which they start; those that were not started are not in the answer. */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<FileRun[]> {
  const waiting = [...files];
  const done = new Map<string, FileRun>();
  // Of files that run side by side one prints as it goes, the others when they have ended.
  let live: string | undefined;
  const work = async () => {
    while (waiting.length > 0 && !options.signal.aborted && (options.startsMore?.() ?? true)) {
      const file = waiting.shift()!;
      live ??= file;
      const held: string[] = [];
      const print = (text: string) => (live === file ? process.stdout.write(text) : held.push(text));
      done.set(file, await runFile(file, options, print));
      process.stdout.write(held.join(""));
      if (live === file) live = undefined;
    }
  };
  const workers = options.concurrency ?? Math.max(1, availableParallelism() - 1);
  await Promise.all(Array.from({ length: workers }, work));
  return files.flatMap((file) => done.get(file) ?? []);
}

async function runFile(file: string, options: RunOptions, print: (text: string) => void): Promise<FileRun> {
  const { root, namePatterns, timeoutMs } = options;
  const lingerMs = Math.min(timeoutMs, MOST_LINGER_MS);
  const results = new FileResults(file);
  const printer = new spec();
  printer.on("data", (chunk) => print(String(chunk)));
  // The limit of node:test is for tests: a process that does not end after them has none.
  const end = new AbortController();
  let late: string | undefined;
  const watchdog = new Watchdog(systemClock, { timeoutMs: timeoutMs + TEST_SAYS_SO_MS, lingerMs }, (reason) => {
    late = reason;
    end.abort();
  });
  const events = run({
    cwd: root,
    files: [relative(root, file)],
    timeout: timeoutMs,
    signal: AbortSignal.any([options.signal, end.signal]),
    // Examples import "knarr" as users do; here that is the source.
    execArgv: ["--conditions=knarr-source", `--import=${pathToFileURL(resolve(root, "scripts/test-seed.ts")).href}`],
    ...(namePatterns && namePatterns.length > 0 ? { testNamePatterns: [...namePatterns] } : {}),
  });
  for await (const event of events as AsyncIterable<TestEvent>) {
    const isTotal =
      event.data.file === undefined && (event.type === "test:summary" || SUMS.test(event.data.message ?? ""));
    if (isTotal) continue;
    results.add(event);
    watchdog.add(event);
    printer.write(event);
  }
  // Lets the printer, which is never ended (it would list failures that may be no more than bad luck), hand on all.
  await new Promise(setImmediate);
  watchdog.stop();
  return results.finish(late);
}
