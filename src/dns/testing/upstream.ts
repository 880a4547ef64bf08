import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { encode, TRUNCATED_RESPONSE, type Answer, type Question } from "dns-packet";
import type { Scope } from "#base";
import type { Upstream } from "../forward/upstream.ts";
import { createFrames, frame } from "../message/frames.ts";
import { read } from "./ask.ts";

/** What a resolver of a test says to a question; undefined: nothing. */
export type Say = (
  question: Question,
  transport: "udp" | "tcp",
) =>
  | {
      readonly answers?: Answer[];
      readonly authorities?: Answer[];
      readonly code?: number;
      readonly truncated?: boolean;
    }
  | undefined;

/** A resolver on the loopback whose answers the test sets. */
export async function startUpstream(scope: Scope, say: Say): Promise<Upstream> {
  const respond = (query: Buffer, transport: "udp" | "tcp"): Buffer | undefined => {
    const { id = 0, questions = [] } = read(query);
    const said = questions[0] && say(questions[0], transport);
    if (!said) return undefined;
    const { answers = [], authorities = [], code = 0, truncated = false } = said;
    const flags = 0x180 | code | (truncated ? TRUNCATED_RESPONSE : 0);
    return encode({ type: "response", id, flags, questions, answers, authorities });
  };
  const tcp = createServer((socket) => {
    const frames = createFrames();
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      frames.push(chunk);
      const query = frames.next();
      const response = query && respond(query, "tcp");
      if (response) socket.write(frame(response));
    });
  });
  const { udp, port } = await listenOnBoth(tcp);
  udp.on("message", (query, from) => {
    const response = respond(query, "udp");
    if (response) udp.send(response, from.port, from.address);
  });
  scope.defer(() => {
    udp.close();
    tcp.close();
  });
  return { address: "127.0.0.1", port };
}

/** A port that is free for UDP may be taken for TCP: another is tried then. */
async function listenOnBoth(tcp: Server): Promise<{ readonly udp: Socket; readonly port: number }> {
  for (;;) {
    const udp = createSocket("udp4");
    await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
    const { port } = udp.address();
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      tcp.once("error", resolve);
      tcp.listen(port, "127.0.0.1", () => {
        tcp.off("error", resolve);
        resolve(undefined);
      });
    });
    if (!failed) return { udp, port };
    udp.close();
    if (failed.code !== "EADDRINUSE") throw failed;
  }
}
