import { every, messageOf, type Scope } from "#base";
import { RuntimeError } from "#kubelet";
import { CALL_MS } from "../cri/services.ts";
import type { LogSource } from "../logs/read.ts";
import { rotateLog } from "../logs/rotate.ts";
import type { RuntimeContext } from "./context.ts";
import { criId } from "./ids.ts";
import { statusOf } from "./start.ts";

/** As often as upstream's kubelet looks at the sizes of logs. */
const ROTATE_MS = 10_000;

/** Where the log of a container is, and when it ends. Rejects with a RuntimeError. */
export async function logSourceOf(id: string, { cri, tracker }: RuntimeContext): Promise<LogSource> {
  const tracked = tracker.find(criId(id));
  if (tracked) return { path: tracked.logPath, ended: tracked.exited };
  const status = await statusOf(cri, criId(id));
  if (status) return { path: status.logPath };
  throw new RuntimeError("NotFound", `unable to retrieve container logs for ${id}`);
}

/** Keeps the logs of what runs from growing too large, until the scope closes. */
export function rotateLogs({ cri, tracker, options }: RuntimeContext, scope: Scope): void {
  const { clock, log } = options;
  const rotating = every(clock, ROTATE_MS, () => {
    for (const { id, logPath } of tracker.running()) {
      const reopen = async () => {
        await cri.call("RuntimeService.ReopenContainerLog", { containerId: id }, { timeoutMs: CALL_MS });
      };
      rotateLog(logPath, clock.now(), reopen).catch((error: unknown) =>
        log.warn("a log could not be rotated", { path: logPath, error: messageOf(error) }),
      );
    }
  });
  scope.defer(() => rotating.cancel());
}
