import { connect } from "node:net";
import type { ProbeOutcome } from "#kubelet";
import { joinHostPort } from "./address.ts";
import { hasTimedOut } from "./deadline.ts";
import { dialText, dialTimeoutText, socketFailure } from "./socket-errors.ts";

/** Whether the port takes connections. Rejects when the caller aborts. */
export async function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  const address = joinHostPort(host, port);
  try {
    await connectOnce(host, port, signal);
    return { result: "success" };
  } catch (error) {
    if (hasTimedOut(signal)) return { result: "failure", message: dialTimeoutText(address) };
    const failure = socketFailure(error);
    return { result: "failure", message: dialText(failure, address) ?? failure.message };
  }
}

/** Opens a connection and closes it. */
function connectOnce(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, signal });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
