import type { Answer } from "dns-packet";
import type { Log, Random } from "#base";
import type { Forwarder } from "../forward/forwarder.ts";
import { encodeReply, MAX_TCP, relay, udpLimit } from "../message/encode.ts";
import { receive, type Query } from "../message/query.ts";
import { answer, type Reply, type ReplyCode } from "../zone/answer.ts";
import type { DnsView } from "../zone/view.ts";
import { shuffleAddresses } from "./shuffle.ts";

export interface ResponderOptions {
  readonly view: DnsView;
  readonly forwarder: Forwarder;
  readonly random: Random;
  readonly log: Log;
}

export type Transport = "udp" | "tcp";

/** What to send back for a message; undefined: nothing. Never throws nor rejects. */
export type Responder = (message: Buffer, transport: Transport) => Promise<Buffer | undefined>;

/** Makes a {@link Responder}: the cluster's names from the view, others from outside. */
export function createResponder({ view, forwarder, random, log }: ResponderOptions): Responder {
  return async (message, transport) => {
    const received = receive(message);
    if (received.type === "drop") return undefined;
    if (received.type === "reject") return received.response;
    const { query } = received;
    const limit = transport === "udp" ? udpLimit(query) : MAX_TCP;
    const send = (reply: Reply) => encodeReply(query, shuffleAddresses(reply, random), limit);
    try {
      const outcome = answer(query.question, view);
      switch (outcome.type) {
        case "reply":
          return send(outcome.reply);
        case "chase":
          return send(await chase(outcome.answers, outcome.target, query));
        case "forward": {
          const found = await forwarder.forward(query);
          if (found.type === "failed") return send(failure(found.code));
          return relay(query, found.message, found.layout, limit, found.ageSeconds);
        }
      }
    } catch (error) {
      log.error("a DNS query could not be answered", { name: query.question.name, type: query.question.type, error });
      return encodeReply(query, failure("SERVFAIL"), limit);
    }
  };

  /** The alias is true whether or not the outside can be asked just now. */
  async function chase(answers: readonly Answer[], target: string, query: Query): Promise<Reply> {
    const further = await forwarder.lookup(target, query);
    return { code: "NOERROR", answers: [...answers, ...further], authorities: [], additionals: [] };
  }
}

const failure = (code: ReplyCode): Reply => ({ code, answers: [], authorities: [], additionals: [] });
