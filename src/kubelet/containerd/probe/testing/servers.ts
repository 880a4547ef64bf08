import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A server on loopback; its port, and what ends it with all its connections. */
export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** How many connections have come. */
  readonly connections: number;
}

/** Makes any server of Node's listen on loopback. */
export async function onLoopback(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers the first bytes of each connection with a text, and then hangs up if told to. */
export function rawServer(answer: string, then: "hold" | "close" | "reset"): Promise<LoopbackServer> {
  return onLoopback(
    createServer((socket) => {
      socket.once("data", () => {
        if (then === "reset") socket.resetAndDestroy();
        else if (then === "close") socket.end(answer);
        else socket.write(answer);
      });
    }),
  );
}

/** A port on loopback without a listener. */
export async function closedPort(): Promise<number> {
  await using server = await onLoopback(createServer());
  return server.port;
}
