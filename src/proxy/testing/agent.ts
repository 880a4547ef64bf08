/**
 * Runs in a network namespace and does there what it is asked on its standard input, one JSON a line: listens,
 * connects, sends. Every server answers each line or datagram with its name and whom it came from: `b 10.244.0.2`.
 * An answer is that, or why there is none: `ECONNREFUSED`, `silence`.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { sleep, systemClock } from "#base";

export type Request =
  | { readonly do: "listen"; readonly protocol: "tcp" | "udp"; readonly port: number }
  /** Connects, asks once, and is done. */
  | { readonly do: "ask"; readonly host: string; readonly port: number }
  /** The same, and keeps the connection. */
  | { readonly do: "open"; readonly host: string; readonly port: number; readonly as: string }
  | { readonly do: "ask-again"; readonly as: string }
  /** From a port of its own that stays the same. */
  | { readonly do: "ask-udp"; readonly host: string; readonly port: number; readonly from: number };

/**
 * How long no answer is silence: 0.7 s on an idle machine. Of a tick that comes late only its own length counts, since
 * where we had to wait for our turn the answering process had to as well.
 */
const SILENCE_TICKS = 70;
const TICK_MS = 10;

const name = process.argv[2] ?? "";
const kept = new Map<string, Socket>();
const udp = new Map<number, UdpSocket>();

function listen({ protocol, port }: Request & { do: "listen" }): Promise<string> {
  return new Promise((resolve, reject) => {
    if (protocol === "tcp") {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => socket.write(`${name} ${socket.remoteAddress}\n`));
      });
      server.once("error", reject).listen(port, "0.0.0.0", () => resolve("listening"));
      return;
    }
    const socket = createSocket("udp4", (_, { address, port: from }) =>
      socket.send(`${name} ${address}`, from, address),
    );
    socket.once("error", reject).bind(port, "0.0.0.0", () => resolve("listening"));
  });
}

/** What `ask` is told, or "silence". */
function unlessSilent(ask: (tell: (answer: string) => void) => void): Promise<string> {
  const answered = new AbortController();
  const silence = async () => {
    for (let ticks = 0; ticks < SILENCE_TICKS; ticks++) await sleep(systemClock, TICK_MS, answered.signal);
  };
  return new Promise((resolve) => {
    const tell = (answer: string) => {
      answered.abort();
      resolve(answer);
    };
    silence().then(
      () => tell("silence"),
      () => {},
    );
    ask(tell);
  });
}

function asked(socket: Socket): Promise<string> {
  return unlessSilent((tell) => {
    socket.once("data", (data) => tell(String(data).trim()));
    socket.once("error", (error: NodeJS.ErrnoException) => tell(error.code ?? error.message));
    socket.write("?\n");
  });
}

async function askUdp({ host, port, from }: Request & { do: "ask-udp" }): Promise<string> {
  const known = udp.get(from);
  const socket = known ?? createSocket("udp4").on("error", () => {});
  udp.set(from, socket);
  if (!known) await new Promise<void>((resolve) => socket.bind(from, () => resolve()));
  const answer = await unlessSilent((tell) => {
    socket.once("message", (data) => tell(String(data)));
    socket.send("?", port, host, (error) => {
      if (error) tell((error as NodeJS.ErrnoException).code ?? error.message);
    });
  });
  socket.removeAllListeners("message");
  return answer;
}

async function answer(request: Request): Promise<string> {
  switch (request.do) {
    case "listen":
      return listen(request);
    case "ask": {
      const socket = connect(request.port, request.host);
      const said = await asked(socket);
      socket.destroy();
      return said;
    }
    case "open": {
      const socket = connect(request.port, request.host);
      kept.set(request.as, socket);
      return asked(socket);
    }
    case "ask-again": {
      const socket = kept.get(request.as);
      return socket ? asked(socket) : "never opened";
    }
    case "ask-udp":
      return askUdp(request);
  }
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const said = await answer(JSON.parse(line) as Request).catch((error: Error) => error.message);
  process.stdout.write(`${said}\n`);
}
process.exit();
