import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Something that could not be done with the images, in one line for the user. */
export class ImageError extends Error {}

/** containerd's own command line, in the namespace that Kubernetes has its images in. */
export type Ctr = (args: readonly string[], input?: Readable) => Promise<string>;

export const ctrOn =
  (socket: string): Ctr =>
  (args, input) =>
    call(["--address", socket, "--namespace", "k8s.io", ...args], input);

const MAX_OUTPUT = 16 << 20;

async function call(args: readonly string[], input: Readable | undefined): Promise<string> {
  const child = spawn("ctr", args, { stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      if (output[name].length < MAX_OUTPUT) output[name] += text;
    });
  }
  const ended = once(child, "close") as Promise<[number | null]>;
  let inputProblem: unknown;
  const fed = input
    ? pipeline(input, child.stdin).catch((error: unknown) => {
        inputProblem = error;
        // What it has by then is not the whole of it.
        child.kill();
      })
    : Promise.resolve(void child.stdin.end());
  let code: number | null;
  try {
    [code] = await ended;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new ImageError("ctr is not installed: it comes with containerd");
    throw error;
  }
  if (code === 0) {
    await fed;
    return output.stdout;
  }
  // Its own error says more than that the pipe was closed.
  const text = output.stderr.trim().replace(/^ctr: /, "");
  if (text) throw new ImageError(text.split("\n").at(-1)!);
  throw inputProblem instanceof Error
    ? new ImageError(inputProblem.message)
    : new ImageError(`ctr exited with ${code}`);
}
