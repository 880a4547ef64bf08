import { CALL_MS } from "../cri/services.ts";
import type { RuntimeContext } from "./context.ts";
import { criId, unlessGone } from "./ids.ts";

/** An exit without an event is looked for this long after it was due, in milliseconds. */
const STOP_SLACK_MS = 30_000;

/** Asks the container to end, and ends it after the grace. Resolves once it has ended, and its end has been noticed. */
export async function stopContainer(id: string, graceSeconds: number, context: RuntimeContext): Promise<void> {
  const { cri, tracker, options } = context;
  const containerId = criId(id);
  const exited = tracker.find(containerId)?.exited;
  const timeout = Math.max(1, Math.ceil(graceSeconds));
  const timeoutMs = timeout * 1000 + CALL_MS;
  await unlessGone(cri.call("RuntimeService.StopContainer", { containerId, timeout }, { timeoutMs }));
  if (!exited) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = options.clock.setTimeout(resolve, STOP_SLACK_MS);
  await Promise.race([exited, promise]);
  timer.cancel();
}
