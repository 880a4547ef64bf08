import { Receiver, Sender } from "ws";

declare module "ws" {
  /** Takes the bytes of a connection; emits `message`, `ping`, `pong`, `conclude`. */
  export class Receiver {
    constructor(options: { isServer: boolean; maxPayload: number; maxFragments: number });
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: "ping" | "pong", listener: (data: Buffer) => void): this;
    on(event: "conclude", listener: (code: number, reason: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean;
    destroy(): void;
  }
  export class Sender {
    static frame(
      data: Uint8Array,
      options: { fin: boolean; rsv1: boolean; opcode: number; mask: boolean; readOnly: boolean },
    ): Uint8Array[];
  }
}

export { Receiver, Sender };
