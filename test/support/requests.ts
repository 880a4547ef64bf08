import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestNamespace } from "./network-namespace.ts";

export interface Answer {
  /** Absent when there was none. */
  readonly status?: number;
  readonly body: string;
  /** `ECONNREFUSED` …, when there was no answer. */
  readonly error?: string;
  readonly ms: number;
}

/** One request from inside the namespace, on a connection of its own. */
export async function request(namespace: TestNamespace, url: string, timeoutMs = 5_000): Promise<Answer> {
  const printed = await namespace.must(process.execPath, [REQUESTER, url, "1", String(timeoutMs)]);
  return JSON.parse(printed) as Answer;
}

/** The body of an answer with status 200; rejects with what came instead. */
export async function get(namespace: TestNamespace, url: string): Promise<string> {
  const answer = await request(namespace, url);
  if (answer.status !== 200) throw new Error(`${url}: ${answer.error ?? `${answer.status} ${answer.body}`}`);
  return answer.body;
}

export interface LoopResult {
  readonly sent: number;
  readonly failed: readonly { readonly at: number; readonly why: string }[];
  /** How often each body came, for requests that were answered with 200. */
  readonly bodies: ReadonlyMap<string, number>;
  /** The longest time without any success, milliseconds. */
  readonly longestOutageMs: number;
}

export interface RequestLoop {
  /** What came of it so far. */
  soFar(): LoopResult;
  /** Resolves after so many more requests, failed or not. */
  more(requests: number): Promise<void>;
  stop(): Promise<LoopResult>;
}

export interface LoopOptions {
  /** How many are under way at once; default 2. */
  readonly parallel?: number;
  /** A request that takes longer has failed; default 5 s. */
  readonly timeoutMs?: number;
  /** Between a request and the next; default none. */
  readonly pauseMs?: number;
}

const REQUESTER = join(import.meta.dirname, "requester.ts");
/** Failures kept with their reasons; more are counted by their number only in `sent`. */
const MAX_FAILURES = 1_000;

/** Requests one after the other from inside the namespace, each on a connection of its own, until it is stopped. */
export function requestLoop(namespace: TestNamespace, url: string, options: LoopOptions = {}): RequestLoop {
  const { parallel = 2, timeoutMs = 5_000, pauseMs = 0 } = options;
  const numbers = [timeoutMs, parallel, pauseMs].map(String);
  const child = namespace.spawn(process.execPath, [REQUESTER, url, "loop", ...numbers], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const failed: { at: number; why: string }[] = [];
  const bodies = new Map<string, number>();
  const waiting = new Set<{ readonly until: number; readonly resolve: () => void }>();
  let sent = 0;
  let lastSuccess: number | undefined;
  let longestOutageMs = 0;
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const { at, status, body, error } = JSON.parse(line) as Answer & { readonly at: number };
    sent += 1;
    if (status === 200) {
      bodies.set(body, (bodies.get(body) ?? 0) + 1);
      if (lastSuccess !== undefined) longestOutageMs = Math.max(longestOutageMs, at - lastSuccess);
      lastSuccess = at;
    } else if (failed.length < MAX_FAILURES) {
      failed.push({ at, why: error ?? `${status} ${body}` });
    }
    for (const waiter of waiting) {
      if (sent < waiter.until) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  });
  const soFar = () => ({ sent, failed: [...failed], bodies: new Map(bodies), longestOutageMs });
  return {
    soFar,
    more: (requests) => new Promise((resolve) => void waiting.add({ until: sent + requests, resolve })),
    async stop() {
      child.stdin!.end();
      await ended;
      return soFar();
    },
  };
}
