import type { Socket } from "node:net";
import type { UpgradedConnection } from "#http";

/** Carries bytes between the two as fast as each takes them, until one of them ends; then both do. */
export async function join(client: UpgradedConnection, backend: Socket, head: Uint8Array): Promise<void> {
  backend.on("error", () => {});
  const toClient = async () => {
    if (head.length > 0) await client.write(head);
    for await (const chunk of backend) await client.write(chunk as Uint8Array);
  };
  const toBackend = async () => {
    for await (const chunk of client.input) if (!(await write(backend, chunk))) return;
  };
  const ended = (work: Promise<void>) => work.catch(() => {});
  await Promise.race([ended(toClient()), ended(toBackend())]);
  client.close();
  backend.end();
  backend.destroySoon();
}

/** Resolves once there is room for more; false when the other side is gone. */
function write(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed || socket.writableEnded) return Promise.resolve(false);
  if (socket.write(bytes)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (room: boolean) => {
      socket.off("drain", onDrain);
      socket.off("close", onClose);
      resolve(room);
    };
    const onDrain = () => done(true);
    const onClose = () => done(false);
    socket.on("drain", onDrain);
    socket.on("close", onClose);
  });
}
