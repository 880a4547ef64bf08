import { open } from "node:fs/promises";
import type { Clock } from "#base";
import { renderLog, type ContainerExit } from "#kubelet";
import { ANNOTATION } from "../config/names.ts";
import type { ContainerStatus } from "../cri/messages.ts";
import { readLog } from "../logs/read.ts";
import { millis, publicId } from "./ids.ts";

const MAX_MESSAGE_BYTES = 4096;
const LOG_LINES = 80;
const LOG_BYTES = 2048;

/** The exit of a container of which nothing is left: unknown (as upstream has it). */
const LOST = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated",
} as const;

/** How a container ended, from what the runtime knows of it; `oom`: the kernel was seen to end it for want of memory. */
export async function exitOf(
  status: ContainerStatus | undefined,
  id: string,
  oom: boolean,
  clock: Clock,
): Promise<ContainerExit> {
  if (!status) return { id: publicId(id), ...LOST, finishedAt: clock.now() };
  const reason = reasonOf(status, oom);
  const words = await lastWords(status, reason, clock);
  const message = [status.message, words].filter(Boolean).join(": ");
  return {
    id: publicId(id),
    exitCode: status.exitCode,
    reason,
    ...(message ? { message } : {}),
    startedAt: millis(status.startedAt),
    finishedAt: millis(status.finishedAt),
  };
}

function reasonOf({ reason, exitCode }: ContainerStatus, oom: boolean): string {
  if (oom && exitCode !== 0) return "OOMKilled";
  return reason || (exitCode === 0 ? "Completed" : "Error");
}

/** What the container left as its last message, by its policy (upstream convertToKubeContainerStatus). */
async function lastWords(status: ContainerStatus, reason: string, clock: Clock): Promise<string> {
  const path = status.annotations[ANNOTATION.messagePath];
  const mounted = path ? status.mounts.find(({ containerPath }) => containerPath === path) : undefined;
  const written = mounted ? await head(mounted.hostPath) : "";
  if (written) return written;
  const fromLog = status.annotations[ANNOTATION.messagePolicy] === "FallbackToLogsOnError";
  // What never ran has written nothing.
  if (!fromLog || status.exitCode === 0 || reason === "ContainerCannotRun" || reason === "StartError") return "";
  return logTail(status.logPath, clock);
}

async function head(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_MESSAGE_BYTES), 0, MAX_MESSAGE_BYTES, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    return `Error on reading termination log ${file}: ${(error as Error).message}`;
  }
}

async function logTail(path: string, clock: Clock): Promise<string> {
  let tail = Buffer.alloc(0);
  try {
    const options = { follow: false, tailLines: LOG_LINES, signal: new AbortController().signal };
    for await (const piece of renderLog(readLog({ path }, options, clock), { timestamps: false })) {
      tail = Buffer.concat([tail, piece]).subarray(-LOG_BYTES);
    }
  } catch (error) {
    return `Error on reading termination message from logs: ${(error as Error).message}`;
  }
  return tail.toString("utf8");
}
