import { messageOf } from "#base";
import type { DuplexBytes } from "../streams/contract.ts";
import type { ForwardTarget } from "./contract.ts";

/** One forwarded connection as the client has it. */
export interface ForwardedConnection {
  readonly port: number;
  readonly data: DuplexBytes;
  /** Resolves once the client has gone, or has broken this connection off. */
  readonly gone: Promise<void>;
  /** Tells the client what went wrong. */
  fail(message: string): Promise<void>;
}

/**
 * Joins a forwarded connection to a new one to its port, until both directions are at their end or one breaks.
 * Resolves to whether all went well; a failure was told to the client then.
 */
export async function carry({ port, data, gone, fail }: ForwardedConnection, target: ForwardTarget): Promise<boolean> {
  let remote: DuplexBytes | undefined;
  try {
    const opened = await target.connect(port);
    remote = opened;
    void gone.then(() => opened.close());
    const towards = async () => {
      for await (const bytes of data.input) await opened.write(bytes);
      await opened.end();
    };
    const back = async () => {
      for await (const bytes of opened.input) {
        try {
          await data.write(bytes);
        } catch {
          // The client has gone: that is not the port's failure.
          opened.close();
          return;
        }
      }
      await data.end();
    };
    // Writing to a port that has closed fails; what it sent before that still counts.
    await Promise.all([towards().catch(() => data.input[Symbol.asyncIterator]().return?.()), back()]);
    return true;
  } catch (error) {
    await fail(target.describe(port, messageOf(error))).catch(() => {});
    return false;
  } finally {
    remote?.close();
  }
}
