import { Receiver } from "./ws-parts.ts";

/** As golang.org/x/net/websocket, which upstream serves with. */
const MAX_MESSAGE = 32 * 1024 * 1024;
/** A message may come in so many pieces. */
const MAX_FRAGMENTS = 16 * 1024;

const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;

export interface ReceivedMessagesOptions {
  readonly ping: (data: Uint8Array) => void;
  /** The client has closed, or sent what is no WebSocket or too long: no more is read once this has resolved. */
  readonly over: (code: number) => Promise<void>;
}

/** The messages in what a client sends. */
export async function* receivedMessages(
  input: AsyncIterable<Uint8Array>,
  { ping, over }: ReceivedMessagesOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pending: Uint8Array[] = [];
  let concluded = false;
  const receiver = new Receiver({ isServer: true, maxPayload: MAX_MESSAGE, maxFragments: MAX_FRAGMENTS });
  receiver.on("message", (data) => pending.push(data));
  receiver.on("ping", ping);
  receiver.on("conclude", () => (concluded = true));
  receiver.on("error", () => {});
  try {
    for await (const chunk of input) {
      const error = await new Promise<unknown>((resolve) => receiver.write(chunk, (problem) => resolve(problem)));
      yield* pending.splice(0);
      if (error) return await over(isTooLong(error) ? TOO_BIG : PROTOCOL_ERROR);
      if (concluded) return await over(NORMAL);
    }
  } finally {
    receiver.destroy();
  }
}

const isTooLong = (error: unknown) => error instanceof RangeError && /payload/i.test(error.message);
