import { once } from "node:events";
import { createServer } from "node:net";

/** While a cluster finds out which part of the network it can have, and until it has it. */
export const PLANNING = "network";
/** Of versions that knew of one cluster only, for as long as it runs. */
export const EARLIER_VERSION = "containers";

/**
 * Takes something of this network namespace for this process. Abstract sockets belong to a network namespace and go with
 * their process: nothing is ever left behind. Resolves to how to give it back; undefined: another process has it.
 */
export async function tryLock(name: string): Promise<(() => Promise<void>) | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ path: `\0knarr/${name}` });
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return undefined;
  }
  server.unref();
  return async () => {
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
}
