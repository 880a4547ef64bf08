import type { Line } from "./text.ts";

/** What clients have seen of a Service. */
export interface Seen {
  readonly sent: number;
  readonly failed: readonly { readonly why: string }[];
  /** How often each body came with status 200: the web servers answer with their version. */
  readonly bodies: ReadonlyMap<string, number>;
  /** The longest time without any answer between two answers. */
  readonly longestOutageMs: number;
}

/** Clients that request one Service again and again, from outside of its Pods. */
export interface Clients {
  soFar(): Seen;
  /** Resolves after so many more requests, answered or not. */
  more(requests: number): Promise<void>;
  stop(): Promise<Seen>;
}

/** What clients see, as it is shown: in one line with figures, or for a file in a gist that changes seldom. */
export interface TrafficView {
  line(): Line;
  gist(): string;
  /** For the end: all of it, and how many a second on average. */
  total(): string;
}

/** Rates and answers are those of the last second. */
const WINDOW_MS = 1_000;

/** @param nameOf says more of an answer than its body does. */
export function trafficView(
  clients: Pick<Clients, "soFar">,
  now: () => number,
  nameOf = (body: string) => body,
): TrafficView {
  const began = now();
  const samples = [{ at: began, seen: clients.soFar() }];
  const answersOf = ({ bodies }: Seen) =>
    [...bodies].map(([body, count]) => `${count} by ${nameOf(body.trim())}`).join(", ") || "no answer yet";
  const look = () => {
    samples.push({ at: now(), seen: clients.soFar() });
    while (samples.length > 2 && samples[1]!.at <= samples.at(-1)!.at - WINDOW_MS) samples.shift();
    return { first: samples[0]!, last: samples.at(-1)! };
  };
  return {
    line() {
      const { first, last } = look();
      const answering = answersBetween(first.seen, last.seen).length > 0;
      return [
        "    ",
        { text: "clients", style: "bold" },
        ` ${perSecond(last.seen.sent - first.seen.sent, last.at - first.at)}  ${answersOf(last.seen)}  `,
        { text: `failed: ${last.seen.failed.length}`, style: last.seen.failed.length > 0 ? "red" : "green" },
        ...(answering ? [] : [{ text: "  no answer", style: "red" as const }]),
      ];
    },
    gist() {
      const { first, last } = look();
      const answering = answersBetween(first.seen, last.seen).map(nameOf).toSorted();
      return `answered by ${answering.join(" and ") || "no Pod"}`;
    },
    total() {
      const { last } = look();
      const rate = perSecond(last.seen.sent, last.at - began);
      return `${last.seen.sent} requests, ${rate}: ${answersOf(last.seen)}, failed: ${last.seen.failed.length}`;
    },
  };
}

/** The answers that came between two looks. */
const answersBetween = (first: Seen, last: Seen) =>
  [...last.bodies].filter(([body, count]) => count > (first.bodies.get(body) ?? 0)).map(([body]) => body.trim());

const perSecond = (count: number, ms: number) => `${ms > 0 ? Math.round((count / ms) * 1000) : 0}/s`;
