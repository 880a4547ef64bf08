import type { Clock } from "#base";
import type { AttachRequest, ProcessEnd, RemoteProcess } from "#kubelet";
import { dialSpdy, type SpdySession, type SpdyStream } from "#wire";
import { endOf } from "./process-end.ts";
import { textOf } from "./text.ts";

const PROTOCOLS = ["v4.channel.k8s.io"];

/**
 * Opens the streams of a process behind a URL of the streaming server. `context`: what the server says before a
 * reason, which is not a part of the reason.
 */
export async function openProcess(
  url: string,
  wanted: AttachRequest,
  context: string,
  clock: Clock,
): Promise<RemoteProcess> {
  const { session } = await dialSpdy(url, PROTOCOLS, clock);
  try {
    return await join(session, wanted, context);
  } catch (error) {
    session.cut();
    throw error;
  }
}

async function join(session: SpdySession, wanted: AttachRequest, context: string): Promise<RemoteProcess> {
  const open = (kind: string) => session.open(new Map([["streamtype", kind]]));
  const optional = (kind: string, asked: boolean) => (asked ? open(kind) : Promise.resolve(undefined));
  // The server waits for all of them before it begins.
  const [error, stdin, stdout, stderr, resize] = await Promise.all([
    open("error"),
    optional("stdin", wanted.stdin),
    optional("stdout", wanted.stdout),
    optional("stderr", wanted.stderr && !wanted.tty),
    optional("resize", wanted.tty),
  ]);
  return {
    stdout: stdout?.input ?? nothing(),
    stderr: stderr?.input ?? nothing(),
    writeStdin: async (bytes) => stdin?.write(bytes),
    endStdin: async () => stdin?.end(),
    resize(width, height) {
      resize?.write(Buffer.from(JSON.stringify({ Width: width, Height: height }))).catch(() => {});
    },
    ended: ended(error, context),
    close: () => session.cut(),
  };
}

async function ended(error: SpdyStream, context: string): Promise<ProcessEnd> {
  return endOf(await textOf(error.input), context);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
