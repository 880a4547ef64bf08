import type { UpgradedConnection } from "#http";
import { StreamGone } from "../streams/contract.ts";
import { Sender } from "./ws-parts.ts";

/** Writes frames of a WebSocket, whole and in the order of the calls. */
export class FrameWriter {
  readonly #connection: Pick<UpgradedConnection, "write">;
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(connection: Pick<UpgradedConnection, "write">) {
    this.#connection = connection;
  }

  /** Resolves once there is room for more; rejects with {@link StreamGone} what had not begun when it was stopped. */
  write(data: Uint8Array, opcode: number): Promise<void> {
    const next = this.#last.then(() => {
      if (this.#stopped) throw new StreamGone();
      const parts = Sender.frame(data, { fin: true, rsv1: false, opcode, mask: false, readOnly: true });
      return this.#connection.write(Buffer.concat(parts));
    });
    this.#last = next.catch(() => {});
    return next;
  }

  stop(): void {
    this.#stopped = true;
  }
}
