import type { DuplexBytes } from "../streams/contract.ts";

/** Where forwarded connections lead. */
export interface ForwardTarget {
  /** Opens a connection to a port; rejects with an error whose text the client is shown. */
  connect(port: number): Promise<DuplexBytes>;
  /** The message of a failed connection, made from the text of its error. */
  describe(port: number, message: string): string;
}
