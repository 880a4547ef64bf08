import assert from "node:assert/strict";
import type { VirtualClock } from "#base";
import type { Client, WatchEvent } from "#client";
import { StatusError, type KubeObject, type StatusReason } from "#objects";

/** A client of an empty API with the namespace `default`, for one test. */
export interface ClientUnderTest {
  readonly client: Client;
  /** The same API as a user who may do nothing; absent where the API does not authorize. */
  readonly stranger?: Client;
  /** The API server's clock; the network, where there is one, has the real time. */
  readonly clock: VirtualClock;
  /** Begins or ends to serve `widgets.example.com/v1`; absent where nothing of the kind can be done. */
  readonly serveWidgets?: (served: boolean) => void;
  /** Makes the API forget everything before the present revision. */
  forget(): Promise<void>;
  dispose(): Promise<void>;
}

/** Opens one. */
export type OpenClient = () => Promise<ClientUnderTest>;

/** Registers one behaviour; the test gets a client of its own. `id` is how a test double names what it refuses. */
export type Behaviour = (id: string, title: string, run: (context: ClientUnderTest) => Promise<void>) => unknown;

export const NS = "default";
export const key = (name: string) => ({ namespace: NS, name });

export const configMap = (name: string, data: Readonly<Record<string, string>> = {}, labels = {}) => ({
  metadata: { namespace: NS, name, labels },
  data,
});

export const podTemplate = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image: "nginx" }] },
};

export const pod = (name: string, nodeName?: string) => ({
  metadata: { namespace: NS, name },
  spec: { ...podTemplate.spec, ...(nodeName === undefined ? {} : { nodeName }) },
});

export const deployment = (name: string, replicas = 1) => ({
  metadata: { namespace: NS, name },
  spec: { replicas, selector: { matchLabels: { app: "web" } }, template: podTemplate },
});

/** Resolves to the StatusError that an answer ends in; fails the test when it ends otherwise. */
export async function refusal(
  answer: Promise<unknown>,
  code: number,
  reason: StatusReason,
  message?: RegExp,
): Promise<StatusError> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    assert.equal(`${error.code} ${error.reason}`, `${code} ${reason}`, error.message);
    if (message) assert.match(error.message, message);
    return error;
  }
  assert.fail(`answered, not refused with ${code} ${reason}`);
}

/** Lets the API server's time pass until the answer is there. */
export async function withTime<T>({ clock }: ClientUnderTest, answer: Promise<T>): Promise<T> {
  const time = clock.autoAdvance();
  try {
    return await answer;
  } finally {
    time.stop();
  }
}

export const namesOf = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name ?? "");

/** Fails unless an object and all in it are frozen. */
export function assertFrozen(value: unknown, path = "object"): void {
  if (typeof value !== "object" || value === null) return;
  assert.ok(Object.isFrozen(value), `${path} is not frozen`);
  for (const [name, inner] of Object.entries(value)) assertFrozen(inner, `${path}.${name}`);
}

/** Reads a watch event by event. */
export interface WatchReader<T extends KubeObject> {
  /** The next `count` events; fails when the watch ends before. */
  take(count: number): Promise<WatchEvent<T>[]>;
  /** The events until the watch ends. Rejects with what it ends in. */
  rest(): Promise<WatchEvent<T>[]>;
  /** Stops reading, as a `break` does. */
  close(): Promise<void>;
}

export function readWatch<T extends KubeObject>(watch: AsyncIterable<readonly WatchEvent<T>[]>): WatchReader<T> {
  const iterator = watch[Symbol.asyncIterator]();
  const waiting: WatchEvent<T>[] = [];
  const more = async () => {
    const next = await iterator.next();
    if (!next.done) waiting.push(...next.value);
    return !next.done;
  };
  return {
    async take(count) {
      while (waiting.length < count) assert.ok(await more(), `the watch ended after ${waiting.length} of ${count}`);
      return waiting.splice(0, count);
    },
    async rest() {
      while (await more());
      return waiting.splice(0);
    },
    async close() {
      await iterator.return?.();
    },
  };
}

/** `ADDED a`, or `BOOKMARK`. */
export const toldBy = (event: WatchEvent): string =>
  event.type === "BOOKMARK" ? "BOOKMARK" : `${event.type} ${event.object.metadata.name}`;
