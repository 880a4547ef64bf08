// What the events of node:test say about each file: pure.

/** An event of `run()` of node:test, as far as it is read here. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    /** Ids are unique within a test file; a file as a whole has no parent and no `entryFile`. */
    readonly testId?: number;
    readonly parentId?: number;
    readonly nesting?: number;
    /** Where the test is written, absolute. */
    readonly file?: string;
    readonly line?: number;
    readonly column?: number;
    /** The file that node:test was given, absolute; absent in what it says about a file as a whole. */
    readonly entryFile?: string;
    readonly message?: string;
    readonly skip?: unknown;
    readonly todo?: unknown;
    readonly details?: {
      readonly duration_ms?: number;
      readonly type?: string;
      readonly error?: TestError;
    };
  };
}

interface TestError {
  /** node:test's word for why. */
  readonly failureType?: string;
  readonly cause?: unknown;
  /** How the process of a file ended. */
  readonly exitCode?: number | null;
  readonly signal?: string | null;
}

export type Outcome = "passed" | "failed" | "cancelled" | "skipped" | "todo";

export interface TestResult {
  /** The names of the suites and tests around it, and its own; empty for what belongs to the file as a whole. */
  readonly path: readonly string[];
  readonly kind: "test" | "suite";
  readonly outcome: Outcome;
  /** node:test's word for why it failed, such as `testCodeFailure`, `subtestsFailed` or `hookFailed`. */
  readonly failureType?: string;
  /** What was thrown. */
  readonly cause?: unknown;
  /** `file:line:column` of the test, the file absolute. */
  readonly location?: string;
  /** The names up to the outermost `test` on the way to it: node:test can run that alone, but no subtest of it. */
  readonly runnable?: readonly string[];
}

/** One run of one test file. */
export interface FileRun {
  /** Absolute. */
  readonly file: string;
  readonly results: readonly TestResult[];
  readonly seconds: number;
  /** Why the file as a whole is wrong although no test of it says so: it crashed, timed out, gave no results. */
  readonly trouble?: string;
  /** The last lines that the file printed. */
  readonly output: readonly string[];
}

const OUTPUT_LINES = 60;
const CANCELLED = new Set(["cancelledByParent", "testAborted", "testTimeoutFailure"]);

/** Collects the events of the run of one file. */
export class FileResults {
  readonly #file: string;
  readonly #reports: TestEvent[] = [];
  readonly #output: string[] = [];
  #seconds = 0;
  /** Whether the process of the file told its own sums: it does so when all its tests have ended. */
  #summed = false;
  /** What node:test says about the file as a whole, when it says that it failed. */
  #failure: TestError | undefined;

  /** Absolute. */
  constructor(file: string) {
    this.#file = file;
  }

  add({ type, data }: TestEvent): void {
    if (type === "test:stdout" || type === "test:stderr") {
      this.#output.push(data.message ?? "");
      if (this.#output.length > OUTPUT_LINES) this.#output.shift();
    } else if (data.entryFile !== undefined) {
      if (type === "test:summary") this.#summed = true;
      if (type === "test:pass" || type === "test:fail") this.#reports.push({ type, data });
    } else if (type === "test:complete") {
      this.#seconds = (data.details?.duration_ms ?? 0) / 1000;
      // Not `test:fail`: a file whose tests have failed says no more than that it is complete.
      if (data.details?.error) this.#failure = data.details.error;
    }
  }

  /** `outside`: what is wrong with the file that its events do not say. */
  finish(outside?: string): FileRun {
    const trouble = outside ?? this.#trouble();
    return {
      file: this.#file,
      results: resultsOf(this.#reports),
      seconds: this.#seconds,
      output: this.#output,
      ...(trouble === undefined ? {} : { trouble }),
    };
  }

  #trouble(): string | undefined {
    const { exitCode, signal, failureType } = this.#failure ?? {};
    const how = signal ? ` (${signal})` : typeof exitCode === "number" ? ` (exit code ${exitCode})` : "";
    if (!this.#summed) return `the process of the file ended without results${how}`;
    if (this.#failure === undefined || failureType === "subtestsFailed") return undefined;
    return `the file failed, none of its tests did${how}`;
  }
}

function resultsOf(reports: readonly TestEvent[]): TestResult[] {
  const byId = new Map(
    reports.filter(({ data }) => data.testId !== undefined).map((event) => [event.data.testId, event]),
  );
  return reports.map((event) => {
    const { data } = event;
    const error = data.details?.error;
    const line = data.testId === undefined ? [] : ancestry(event, byId);
    const outermost = line.findIndex((each) => each.data.details?.type !== "suite");
    return {
      path: line.map((each) => each.data.name ?? ""),
      kind: data.details?.type === "suite" ? "suite" : "test",
      outcome: outcomeOf(event),
      ...(error ? { failureType: error.failureType ?? "unknown", cause: error.cause ?? error } : {}),
      ...(data.file === undefined ? {} : { location: `${data.file}:${data.line}:${data.column}` }),
      ...(outermost < 0 ? {} : { runnable: line.slice(0, outermost + 1).map((each) => each.data.name ?? "") }),
    };
  });
}

/** The event and those of all that is around it, outermost first. */
function ancestry(event: TestEvent, byId: ReadonlyMap<number | undefined, TestEvent>): TestEvent[] {
  const line: TestEvent[] = [];
  for (let each: TestEvent | undefined = event; each; each = byId.get(each.data.parentId)) line.unshift(each);
  return line;
}

/** As node:test counts. */
function outcomeOf({ type, data }: TestEvent): Outcome {
  if (data.skip !== undefined) return "skipped";
  if (data.todo !== undefined) return "todo";
  if (type === "test:pass") return "passed";
  return CANCELLED.has(data.details?.error?.failureType ?? "") ? "cancelled" : "failed";
}

export interface Counts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

/** The sums of a run as node:test tells them; a file that is wrong as a whole counts as one failed test. */
export function count(runs: readonly FileRun[]): Counts {
  const counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  for (const { results, trouble } of runs) {
    for (const { kind, outcome } of results) {
      if (kind === "suite") counts.suites++;
      else {
        counts.tests++;
        counts[outcome]++;
      }
    }
    if (trouble !== undefined) {
      counts.tests++;
      counts.failed++;
    }
  }
  return counts;
}

export const isFailure = ({ outcome }: TestResult): boolean => outcome === "failed" || outcome === "cancelled";
