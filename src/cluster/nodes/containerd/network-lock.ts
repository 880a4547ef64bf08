import { once } from "node:events";
import { createServer } from "node:net";
import { StartError } from "../../options.ts";

/** Abstract sockets belong to a network namespace and go with their process: nothing is ever left behind. */
const NAME = "\0knarr/containers";

/**
 * Takes this network namespace: two clusters with containers would share a bridge, packet rules and addresses.
 * Resolves to how to give it back.
 *
 * @throws StartError when another cluster has it.
 */
export async function lockNetwork(): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ path: NAME });
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new StartError(
      "another cluster on this machine runs real containers already (knarr down stops it); use --runtime simulated beside it",
      { cause: error },
    );
  }
  server.unref();
  return async () => {
    server.close();
    await once(server, "close");
  };
}
