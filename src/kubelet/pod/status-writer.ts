import type { Clock, Log, Timer } from "#base";
import { equalJson, hasReason, type Pod, type PodStatus } from "#objects";
import type { PodRecord } from "./record.ts";
import { statusOf } from "./status.ts";
import type { PodView } from "./view.ts";

export interface StatusWriterOptions {
  readonly record: PodRecord;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeIps: readonly string[];
  readonly view: () => PodView;
  /** The pod as the API has it after a write. */
  readonly onWritten: (pod: Pod) => void;
}

const RETRY_MS = 1_000;

/** Brings the status at the API up to the view: one write at a time, the newest view wins. */
export interface StatusWriter {
  /** The view may have changed. */
  look(): void;
  /** Whether the API has what the view says. */
  readonly upToDate: boolean;
  close(): void;
}

type State =
  | { readonly state: "idle" }
  | { readonly state: "writing" }
  | { readonly state: "waiting"; readonly timer: Timer }
  | { readonly state: "closed" };

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { record, clock, log, nodeIps, view, onWritten } = options;
  let state: State = { state: "idle" };
  /** The view that the API is known to reflect, or that only a newer pod can help. */
  let seen: PodView | undefined;
  /** What was written last, which the API may keep in a form of its own. */
  let written: { readonly status: PodStatus; readonly version: string | undefined } | undefined;

  const isReflected = ({ pod }: PodView, status: PodStatus) =>
    equalJson(status, pod.status) ||
    (written?.version === pod.metadata.resourceVersion && equalJson(status, written?.status));

  const write = async () => {
    state = { state: "writing" };
    while (state.state === "writing") {
      const current = view();
      if (current === seen) break;
      const status = statusOf(current, nodeIps, clock.now());
      if (isReflected(current, status)) {
        seen = current;
        continue;
      }
      try {
        const pod = await record.writeStatus(current.pod, status);
        written = { status, version: pod.metadata.resourceVersion };
        onWritten(pod);
      } catch (error) {
        // Another client has written meanwhile: its change arrives by the watch.
        if (hasReason(error, "Conflict", "NotFound")) {
          seen = current;
          continue;
        }
        // The API may go before a write that is under way has come through.
        if (isClosed()) return;
        log.warn("writing a pod's status failed", { pod: current.pod.metadata.name, error });
        state = {
          state: "waiting",
          timer: clock.setTimeout(() => {
            state = { state: "idle" };
            writer.look();
          }, RETRY_MS),
        };
      }
    }
    if (state.state === "writing") state = { state: "idle" };
  };
  const isClosed = () => state.state === "closed";

  const writer: StatusWriter = {
    look() {
      if (state.state === "idle" && view() !== seen) void write();
    },
    get upToDate() {
      return isReflected(view(), statusOf(view(), nodeIps, clock.now()));
    },
    close() {
      if (state.state === "waiting") state.timer.cancel();
      state = { state: "closed" };
    },
  };
  return writer;
}
