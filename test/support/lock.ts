import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cacheFolder } from "./paths.ts";

/**
 * Only one process of the machine does the work of this name at a time; the others wait. The lock is the kernel's
 * (flock): a process that dies releases it.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(name);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Resolves, once the lock is held, to the function that releases it. */
export async function takeLock(name: string): Promise<() => Promise<void>> {
  const path = join(cacheFolder("locks"), name);
  // It holds the lock for as long as its input is open, which the end of this process closes too.
  const holder = spawn("flock", ["--exclusive", path, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(([code]) => Promise.reject(new Error(`flock ${path} exited with ${code}`))),
  ]);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
