import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { assert, type Scope } from "#base";
import type { RunCommand } from "./run-command.ts";

/** A command that takes longer is ended. */
const TIMEOUT_SECONDS = 30;
/** A program's output is kept up to this length. */
const MAX_OUTPUT = 1 << 20;

/**
 * Reads `<arguments> <bytes>`, a line for each argument, and so many bytes of input, all of them before the program
 * starts: it may leave some unread. Answers `<exit code> <bytes>` and what was printed. Signals that a terminal sends to
 * all that runs in it are not for this: the end of its input is.
 */
const SCRIPT = `LC_ALL=C; export LC_ALL
trap '' INT HUP TERM
while read -r count size; do
  set --
  while [ "$count" -gt 0 ]; do IFS= read -r argument; set -- "$@" "$argument"; count=$((count - 1)); done
  input=
  [ "$size" -eq 0 ] || input=$(dd bs="$size" count=1 iflag=fullblock 2>/dev/null)
  printed=$(printf '%s\\n' "$input" | timeout -s KILL ${TIMEOUT_SECONDS} "$@" 2>&1)
  printf '%s %s\\n%s' "$?" "\${#printed}" "$printed"
done`;

interface Answer {
  readonly code: number;
  readonly printed: string;
}

/**
 * Runs programs one after the other by way of a shell that stays. A process that starts a program is copied, and the
 * larger it is the longer that takes: of a process with 200 MB, 10 ms and more in which it does nothing else. What a
 * program prints is taken together, errors and all. The scope ends the shell.
 */
export function createShell(scope: Scope): RunCommand {
  let shell: ChildProcess | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  scope.defer(async () => {
    closed = true;
    shell?.stdin?.end();
    if (shell) await once(shell, "close");
  });

  const started = (): ChildProcess => {
    if (shell) return shell;
    const child = spawn("sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.on("error", () => {});
    child.once("error", () => (shell = undefined));
    child.once("close", () => (shell = undefined));
    return (shell = child);
  };

  const ask = (args: readonly string[], input: string) =>
    new Promise<Answer>((resolve, reject) => {
      const child = started();
      let text = Buffer.alloc(0);
      let received = 0;
      const leave = () => {
        child.stdout!.off("data", onData);
        child.off("close", onClose);
        child.off("error", onClose);
      };
      const onClose = () => {
        leave();
        reject(new Error("the shell has ended"));
      };
      const onData = (chunk: Buffer) => {
        received += chunk.length;
        if (text.length < MAX_OUTPUT) text = Buffer.concat([text, chunk]);
        const end = text.indexOf("\n");
        const [code, size] = text.toString("latin1", 0, Math.max(end, 0)).split(" ").map(Number);
        if (end < 0 || code === undefined || size === undefined || received < end + 1 + size) return;
        leave();
        resolve({ code, printed: text.toString("utf8", end + 1) });
      };
      child.stdout!.on("data", onData);
      child.once("close", onClose);
      child.once("error", onClose);
      child.stdin!.write(
        `${args.length} ${Buffer.byteLength(input)}\n${args.map((arg) => `${arg}\n`).join("")}${input}`,
      );
    });

  return async (program, args, input = "") => {
    const command = [program, ...args];
    assert(!command.some((arg) => arg.includes("\n")), "arguments are lines");
    // Not before those are done that began before.
    if (closed) throw scope.signal.reason as Error;
    const answer = last.then(() => {
      // A shell that is begun after the last has ended would stay.
      if (closed) throw scope.signal.reason as Error;
      return ask(command, input);
    });
    last = answer.catch(() => {});
    const { code, printed } = await answer;
    if (code !== 0) {
      const ended = Object.assign(new Error(`${program} exited with ${code}`), { code });
      throw new Error(printed.trim().slice(0, 4096) || ended.message, { cause: ended });
    }
    return printed;
  };
}
