import type { Clock } from "#base";
import type { ByteStream } from "#kubelet";
import { dialSpdy, type SpdySession } from "#wire";
import { textOf } from "./text.ts";

const PROTOCOLS = ["portforward.k8s.io"];

/** Opens one connection to a port behind a URL of the streaming server. */
export async function openForward(url: string, port: number, clock: Clock): Promise<ByteStream> {
  const { session } = await dialSpdy(url, PROTOCOLS, clock);
  try {
    return await join(session, port);
  } catch (error) {
    session.cut();
    throw error;
  }
}

async function join(session: SpdySession, port: number): Promise<ByteStream> {
  const headers = (kind: string) =>
    new Map([
      ["streamtype", kind],
      ["port", String(port)],
      ["requestid", "0"],
    ]);
  const error = await session.open(headers("error"));
  await error.end();
  const data = await session.open(headers("data"));
  const complaint = textOf(error.input);
  return {
    input: untilFailure(data.input, complaint, port),
    write: (bytes) => data.write(bytes),
    end: () => data.end(),
    close: () => session.cut(),
  };
}

/** A port that cannot be reached looks like one that says nothing, but for what stands on the error stream. */
async function* untilFailure(
  input: AsyncIterable<Uint8Array>,
  complaint: Promise<string>,
  port: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* input;
  const text = await complaint;
  if (text) throw new Error(withoutContext(text, port));
}

/** `error forwarding port 80 to pod 0123, uid : reason` → `reason` */
function withoutContext(text: string, port: number): string {
  const match = /^error forwarding port (\d+) to pod [^,]*, uid [^:]*: ([^]*)$/.exec(text);
  return match && Number(match[1]) === port ? match[2]! : text;
}
