import { CALL_MS } from "../cri/services.ts";
import type { RuntimeContext } from "./context.ts";
import { unlessGone } from "./ids.ts";

/** What taking something away needs. */
type Removing = Pick<RuntimeContext, "cri"> & {
  readonly options: Pick<RuntimeContext["options"], "clearTask">;
};

/** Removes a container that has ended, or has never run. One that is gone is no error. */
export async function removeContainer(containerId: string, { cri, options }: Removing): Promise<void> {
  await unlessGone(cri.call("RuntimeService.RemoveContainer", { containerId }, { timeoutMs: CALL_MS }));
  await options.clearTask?.(containerId);
}

/** Removes a sandbox that has been stopped, and the containers in it. One that is gone is no error. */
export async function removeSandbox(podSandboxId: string, { cri, options }: Removing): Promise<void> {
  await unlessGone(cri.call("RuntimeService.RemovePodSandbox", { podSandboxId }, { timeoutMs: CALL_MS }));
  await options.clearTask?.(podSandboxId);
}
