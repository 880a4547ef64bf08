import { decode, encode, type Answer } from "dns-packet";
import type { Clock, Log, Random } from "#base";
import { FLAG, HEADER_BYTES } from "../message/header.ts";
import type { Query } from "../message/query.ts";
import { walk, type Layout } from "../message/walk.ts";
import { createResponseCache } from "./cache.ts";
import { overTcp, overUdp } from "./exchange.ts";
import { answers, cacheKey, upstreamQuery } from "./response.ts";
import type { Upstream } from "./upstream.ts";

/** Asks the resolvers outside the cluster. */
export interface Forwarder {
  /** The response to the same question; never rejects. */
  forward(query: Query): Promise<Forwarded>;
  /** What is outside at another name, for a question of the same type: aliases on the way and what they end in. */
  lookup(name: string, query: Query): Promise<readonly Answer[]>;
}

export type Forwarded =
  | {
      readonly type: "response";
      readonly message: Buffer;
      readonly layout: Layout;
      /** How long it has been kept, in seconds: so much less are its records worth. */
      readonly ageSeconds: number;
    }
  | { readonly type: "failed"; readonly code: "SERVFAIL" | "REFUSED" };

export interface ForwarderOptions {
  /** None: nothing outside is known. */
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Different questions asked at once; more are refused, as CoreDNS' max_concurrent does. */
const MAX_IN_FLIGHT = 1000;
/** Of all clients that wait for the same question. */
const MAX_WAITING = 1000;
/** The time limit for all servers together, in milliseconds; most clients give up by then. */
const DEADLINE_MS = 5000;

const SERVFAIL: Forwarded = { type: "failed", code: "SERVFAIL" };
const REFUSED: Forwarded = { type: "failed", code: "REFUSED" };

/**
 * Makes a {@link Forwarder}. The same question is under way once, however many ask it: so a server that sends our
 * own questions back to us makes one of them wait for itself and time out, and no storm.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { upstreams, clock, random, signal } = options;
  const cache = createResponseCache(clock);
  const underWay = new Map<string, { readonly result: Promise<Forwarded>; waiting: number }>();
  const udp = overUdp(clock);
  const tcp = overTcp(clock);

  const askOne = async (upstream: Upstream, query: Query): Promise<Forwarded | undefined> => {
    const bytes = upstreamQuery(query, random);
    const accept = (response: Buffer) => answers(bytes, response);
    let message = await udp(upstream, bytes, accept, signal);
    if (message && message.readUInt16BE(2) & FLAG.truncated) {
      message = (await tcp(upstream, bytes, accept, signal)) ?? message;
    }
    const layout = message && walk(message);
    return message && layout && { type: "response", message, layout, ageSeconds: 0 };
  };

  /** In random order, as CoreDNS; the first that knows. One that cannot answer is only believed when all are so. */
  const askAll = async (query: Query): Promise<Forwarded> => {
    const deadline = clock.monotonic() + DEADLINE_MS;
    const left = [...upstreams];
    let refusal: Forwarded | undefined;
    while (left.length > 0 && clock.monotonic() < deadline && !signal.aborted) {
      const [upstream] = left.splice(random.int(left.length), 1);
      const found = upstream && (await askOne(upstream, query));
      if (found?.type !== "response") continue;
      const code = found.layout.header.flags & 15;
      if (code === 0 || code === 3) return found;
      refusal ??= found;
    }
    return refusal ?? SERVFAIL;
  };

  const forward = (query: Query): Promise<Forwarded> => {
    const key = cacheKey(query);
    const kept = cache.get(key);
    if (kept) return Promise.resolve({ type: "response", ...kept });
    const known = underWay.get(key);
    if (known) {
      if (known.waiting >= MAX_WAITING) return Promise.resolve(REFUSED);
      known.waiting++;
      return known.result;
    }
    if (underWay.size >= MAX_IN_FLIGHT) return Promise.resolve(REFUSED);
    const result = askAll(query)
      .then((found) => {
        if (found.type === "response") cache.put(key, found.message, found.layout);
        return found;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, { result, waiting: 1 });
    return result;
  };

  return {
    forward,
    async lookup(name, query) {
      const { type } = query.question;
      const found = await forward({ ...query, question: { name, type }, rawQuestion: questionBytes(name, query) });
      if (found.type !== "response") return [];
      return passedOn(found.message, type, found.ageSeconds);
    },
  };
}

/** The question with another name. */
function questionBytes(name: string, { rawQuestion }: Query): Buffer {
  const nameBytes = encode({ questions: [{ name, type: "A" }] }).subarray(HEADER_BYTES, -4);
  return Buffer.concat([nameBytes, rawQuestion.subarray(-4)]);
}

/** Of another server's answers, the aliases and the records of the type asked for. */
function passedOn(message: Buffer, type: string, ageSeconds: number): readonly Answer[] {
  const found: Answer[] = [];
  try {
    for (const record of decode(message).answers ?? []) {
      if (record.type === "CNAME" || ((record.type === "A" || record.type === "AAAA") && record.type === type)) {
        found.push({ ...record, ttl: Math.max((record.ttl ?? 0) - ageSeconds, 0) });
      } else if (record.type === "TXT" && type === "TXT") {
        found.push({ ...record, ttl: Math.max((record.ttl ?? 0) - ageSeconds, 0) });
      }
    }
  } catch {
    return [];
  }
  return found;
}
