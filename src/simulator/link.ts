import { sleep, type Clock, type Random } from "#base";
import type { ApiResource, Client, Discovery, WatchEvent } from "#client";
import type { UserInfo } from "#http";
import { SOUND, type LinkFaults } from "./faults.ts";

/** The connection failed. Whether the request was carried out is not known. */
export class ConnectionLost extends Error {
  constructor(why: string) {
    super(`connection lost: ${why}`);
    this.name = "ConnectionLost";
  }
}

/** An API server as a link reaches it; undefined while its process is down. */
export interface Endpoint {
  readonly name: string;
  client(user: UserInfo, manager?: string): Client;
  /** Aborts when the process dies. */
  readonly signal: AbortSignal;
}

export interface LinkOptions {
  /** The API servers that are up, in the order in which they are tried. */
  readonly endpoints: () => readonly Endpoint[];
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The network between one process and the API servers: delays and loses requests, answers and watches, and fails over to
 * another server when its own is gone.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #dead = new AbortController();
  faults: LinkFaults = SOUND;
  /** How many requests reached a server, and their answers did not come back: what became of them is not known. */
  unanswered = 0;
  /** While it is partitioned nothing gets through, and no answer says so. */
  partitioned = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The process at this end has died: nothing that it waits for ever answers, and nothing that it sends goes out. */
  cut(): void {
    this.#dead.abort(new ConnectionLost("the process is dead"));
  }

  /** The API over this link, as a user. */
  client(user: UserInfo, manager?: string): Client {
    const call = (method: keyof Client, args: readonly unknown[]) =>
      this.#request(
        (client) => (client[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args),
        user,
        manager,
      );
    return new Proxy({} as Client, {
      get: (_, method) => {
        if (method === "then") return undefined;
        if (method === "discovery") return this.#discovery(user, manager);
        if (method === "watch") {
          return (...[type, options]: Parameters<Client["watch"]>) =>
            this.#watch((client, signal) => client.watch(type, { ...options, signal }), options.signal, user, manager);
        }
        return (...args: readonly unknown[]) => call(method as keyof Client, args);
      },
    });
  }

  /** As over a wire: the server does not say which kinds have no objects, and what is served does not change here. */
  #discovery(user: UserInfo, manager: string | undefined): Discovery {
    const ask = <T>(send: (discovery: Discovery) => Promise<T>) =>
      this.#request((client) => send(client.discovery), user, manager);
    return {
      groups: () => ask((discovery) => discovery.groups()),
      resources: async () => (await ask((discovery) => discovery.resources())).map(withoutEmpty),
      async find(wanted) {
        const found = await ask((discovery) => discovery.find(wanted));
        return found && withoutEmpty(found);
      },
      invalidate() {},
      onChange: () => () => {},
    };
  }

  async #request<T>(send: (client: Client) => Promise<T>, user: UserInfo, manager: string | undefined): Promise<T> {
    await this.#travel();
    const endpoint = this.#endpoint();
    if (this.#happens(this.faults.lostRequests)) throw new ConnectionLost("the request did not arrive");
    const answer = await this.#answer(send(endpoint.client(user, manager)), endpoint).catch((error: unknown) => {
      this.unanswered++;
      throw error;
    });
    if ("error" in answer) throw answer.error;
    return answer.value;
  }

  /** What came of a request that has arrived. Rejects when the answer is lost. */
  async #answer<T>(sent: Promise<T>, endpoint: Endpoint): Promise<{ readonly value: T } | { readonly error: unknown }> {
    const outcome = sent.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const answer = await unlessGone(outcome, [this.#dead.signal, endpoint.signal]);
    await this.#travel();
    if (endpoint.signal.aborted || this.#happens(this.faults.lostAnswers)) {
      throw new ConnectionLost("the answer did not arrive");
    }
    return answer;
  }

  async *#watch(
    open: (client: Client, signal: AbortSignal) => AsyncIterable<readonly WatchEvent[]>,
    wanted: AbortSignal,
    user: UserInfo,
    manager: string | undefined,
  ): AsyncGenerator<readonly WatchEvent[]> {
    await this.#travel();
    const endpoint = this.#endpoint();
    if (this.#happens(this.faults.lostRequests)) throw new ConnectionLost("the watch was not opened");
    const closing = new AbortController();
    // Not with AbortSignal.any: with it, closing once did not end after many runs in one process. Why was not found.
    const close = () => closing.abort();
    const signals = [wanted, this.#dead.signal, endpoint.signal];
    for (const signal of signals) signal.addEventListener("abort", close, { once: true });
    if (signals.some(({ aborted }) => aborted)) close();
    const events = open(endpoint.client(user, manager), closing.signal);
    const iterator = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await unlessGone(iterator.next(), [this.#dead.signal, endpoint.signal]);
        if (next.done) return;
        await this.#travel();
        if (this.#happens(this.faults.brokenWatches)) throw new ConnectionLost("the watch broke");
        yield next.value;
      }
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", close);
      close();
    }
  }

  /** The way there or back. */
  async #travel(): Promise<void> {
    const { clock, random } = this.#options;
    const { delayMs } = this.faults;
    if (delayMs > 0) await sleep(clock, random.int(delayMs + 1), this.#dead.signal);
    this.#dead.signal.throwIfAborted();
    if (this.partitioned) {
      // A client notices after its time limit.
      await sleep(clock, 10_000, this.#dead.signal);
      throw new ConnectionLost("no answer within ten seconds");
    }
  }

  #endpoint(): Endpoint {
    const [first] = this.#options.endpoints();
    if (!first) throw new ConnectionLost("no API server is up");
    return first;
  }

  #happens(share: number): boolean {
    return share > 0 && this.#options.random.next() < share;
  }
}

/** The promise, unless the process at one of the ends dies first. */
function unlessGone<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new ConnectionLost("the other end is gone"));
    if (signals.some(({ aborted }) => aborted)) abort();
    for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    });
  });
}

function withoutEmpty(resource: ApiResource): ApiResource {
  const copy: { -readonly [Key in keyof ApiResource]: ApiResource[Key] } = { ...resource };
  delete copy.empty;
  return copy;
}
