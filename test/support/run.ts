import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** A file as input. */
  readonly stdinFile?: string;
  readonly cwd?: string;
  /** Ends the process when it takes longer; default 150 s: longer than what is waited for. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end, whatever its exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      ...(options.cwd ? { cwd: options.cwd } : {}),
      timeout: options.timeoutMs ?? 150_000,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code: code ?? -1, stdout, stderr: signal ? `${stderr}\nended by ${signal}` : stderr }),
    );
    child.stdin.on("error", () => {});
    if (options.stdinFile === undefined) child.stdin.end(options.input ?? "");
    else createReadStream(options.stdinFile).pipe(child.stdin);
  });
}
