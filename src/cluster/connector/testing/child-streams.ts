import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { RuntimeError, type ByteStream, type ExecRequest, type RemoteProcess, type RuntimeStreams } from "#kubelet";

/** What a test can look at. */
export interface ChildStreams extends RuntimeStreams {
  /** Processes and connections that are open. */
  readonly open: number;
  /** Bytes that processes have written and a reader has taken. */
  readonly taken: number;
}

/** Streams of processes of this machine: every container is the machine itself, every sandbox its loopback. */
export function createChildStreams(attached: readonly string[] = ["cat"]): ChildStreams {
  const state = { open: 0, taken: 0 };
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const bytes of source) {
      state.taken += bytes.length;
      yield bytes;
    }
  };
  const run = ({ command: [program = "", ...args], stdin }: ExecRequest): Promise<RemoteProcess> =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: "pipe" });
      child.once("error", (error) => reject(new RuntimeError("StartError", error.message)));
      child.stdin.on("error", () => {});
      const ended = new Promise<{ type: "exited"; exitCode: number }>((end) =>
        child.once("close", (code) => {
          // It also comes after a start that failed.
          if (child.pid !== undefined) state.open -= 1;
          end({ type: "exited", exitCode: code ?? 137 });
        }),
      );
      child.once("spawn", () => {
        state.open += 1;
        if (!stdin) child.stdin.end();
        resolve({
          stdout: counted(child.stdout),
          stderr: counted(child.stderr),
          writeStdin: (bytes) => written(child.stdin, bytes),
          endStdin: async () => void child.stdin.end(),
          // Without a terminal the process is told in the way of a user.
          resize(width, height) {
            child.stdin.write(`size ${width}x${height}\n`);
          },
          ended,
          close() {
            child.kill("SIGKILL");
            child.stdout.destroy();
            child.stderr.destroy();
          },
        });
      });
    });
  return {
    exec: (_id, request) => run(request),
    attach: (_id, request) => run({ ...request, command: attached }),
    portForward: (_sandboxId, port) =>
      new Promise<ByteStream>((resolve, reject) => {
        const socket: Socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
        socket.once("error", reject);
        socket.once("connect", () => {
          state.open += 1;
          socket.off("error", reject);
          socket.on("error", () => {});
          socket.once("close", () => (state.open -= 1));
          resolve({
            input: counted(socket),
            write: (bytes) => written(socket, bytes),
            end: async () => void socket.end(),
            close: () => socket.destroy(),
          });
        });
      }),
    get open() {
      return state.open;
    },
    get taken() {
      return state.taken;
    },
  };
}

interface Sink {
  write(bytes: Uint8Array, done: (error?: Error | null) => void): boolean;
}

const written = (sink: Sink, bytes: Uint8Array) =>
  new Promise<void>((resolve, reject) => sink.write(bytes, (error) => (error ? reject(error) : resolve())));
