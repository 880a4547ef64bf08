import { messageOf } from "#base";
import { RuntimeError, type ProbeOutcome } from "#kubelet";
import { GrpcError } from "#wire/grpc";
import type { Cri } from "../cri/services.ts";
import { criId, textOf } from "./ids.ts";

/** A probe's output is shown up to this. */
const MAX_OUTPUT_BYTES = 10 << 10;
/** CRI counts the time itself; should it not, we do not wait much longer. */
const SLACK_MS = 10_000;

/** Runs a probe's command (upstream exec prober): what it prints is why it failed. */
export async function execProbe(
  cri: Cri,
  id: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  try {
    const request = { containerId: criId(id), cmd: command, timeout: timeoutSeconds };
    const limits = { timeoutMs: timeoutSeconds * 1000 + SLACK_MS };
    const { exitCode, stdout, stderr } = await cri.call("RuntimeService.ExecSync", request, limits);
    if (exitCode === 0) return { result: "success" };
    const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES);
    return { result: "failure", message: output.toString("utf8") };
  } catch (error) {
    if (error instanceof GrpcError && error.code === "DeadlineExceeded") {
      return { result: "failure", message: `command ${JSON.stringify(command.join(" "))} timed out` };
    }
    return { result: "unknown", message: textOf(error) };
  }
}

/** Runs a hook's command. Rejects with a RuntimeError when it fails. */
export async function execHook(cri: Cri, id: string, command: readonly string[], signal: AbortSignal): Promise<void> {
  const request = { containerId: criId(id), cmd: command, timeout: 0 };
  const { exitCode, stdout, stderr } = await cri
    .call("RuntimeService.ExecSync", request, { signal })
    .catch((error: unknown) => {
      throw error instanceof GrpcError ? new RuntimeError("FailedHook", messageOf(error)) : error;
    });
  if (exitCode === 0) return;
  const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES).toString("utf8");
  throw new RuntimeError("FailedHook", `command '${command.join(" ")}' exited with ${exitCode}: ${output}`);
}
