// Runs test files with node:test, each in a process of its own, and prints as they go.
import { relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { systemClock } from "#base";
import { FileResults, type FileRun, type TestEvent } from "./results.ts";
import { nextFile } from "./schedule.ts";
import { Watchdog } from "./watchdog.ts";

export interface RunOptions {
  readonly root: string;
  /** How many files run at a time; only one of them is exclusive. */
  readonly concurrency: number;
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

/**
 * Files absolute, in the order in which they start, as far as they may run side by side; those that were not started
 * are not in the answer. What a file prints comes as it is printed when files run one at a time, else when it ends.
 */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<FileRun[]> {
  const workers = Math.min(options.concurrency, files.length);
  const waiting = [...files];
  const running = new Set<string>();
  const done = new Map<string, FileRun>();
  // A worker for which there is nothing ends: what is still waiting then waits for the exclusive file of another.
  const work = async () => {
    while (!options.signal.aborted && (options.startsMore?.() ?? true)) {
      const file = nextFile(waiting, running);
      if (file === undefined) return;
      waiting.splice(waiting.indexOf(file), 1);
      running.add(file);
      const held: string[] = [`\n${relative(options.root, file)}\n`];
      const print = (text: string) => (workers === 1 ? process.stdout.write(text) : held.push(text));
      done.set(file, await runFile(file, options, print));
      if (workers > 1) process.stdout.write(held.join(""));
      running.delete(file);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return files.flatMap((file) => done.get(file) ?? []);
}

async function runFile(
  file: string,
  options: Omit<RunOptions, "concurrency">,
  print: (text: string) => void,
): Promise<FileRun> {
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
