import type { Socket } from "node:net";
import { createFreshConnections, type FreshConnections } from "./fresh-connections.ts";

/** The part of a socket, or of one that HTTP/2 wraps, that tells connections apart. */
interface Addressed {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** The open connections of a server; those that have sent no request yet make room for new ones. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #fresh: FreshConnections;
  /** Sockets that have sent a request. */
  readonly #settled = new WeakSet<object>();

  /** `maxFresh`: how many that have sent no request there may be. */
  constructor(maxFresh: number) {
    this.#fresh = createFreshConnections(maxFresh);
  }

  get size(): number {
    return this.#sockets.size;
  }

  opened(socket: Socket): void {
    this.#sockets.add(socket);
    const key = keyOf(socket);
    this.#fresh.opened(key, socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#fresh.settled(key);
    });
  }

  /** It has sent a request. */
  settle(socket: Addressed | undefined): void {
    if (!socket || this.#settled.has(socket)) return;
    this.#settled.add(socket);
    this.#fresh.settled(keyOf(socket));
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const keyOf = ({ remoteAddress, remotePort }: Addressed) => `${remoteAddress}|${remotePort}`;
