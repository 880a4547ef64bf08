import { sleep, type Clock, type Log } from "#base";
import { openGrpc } from "#wire/grpc";
import { decodeEvent, EVENT_TABLE, TOPICS, type EventMethods, type TaskEvent } from "./messages.ts";

export interface WatchOptions {
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
  /** Called whenever events may have been missed: after the first connection and after each new one. */
  readonly onGap: () => void;
}

const RETRY_MS = 500;
/** The server says nothing when a subscription begins; it has begun by then. */
const SETTLE_MS = 1000;

/**
 * Follows what containerd tells of the ends of processes, at once and without asking. Connects again whenever
 * containerd goes away; resolves when the signal aborts.
 */
export async function watchEvents({ socket, clock, log, signal, onEvent, onGap }: WatchOptions): Promise<void> {
  const metadata = { "containerd-namespace": "k8s.io" };
  const client = await openGrpc<EventMethods>({
    address: socket,
    package: "containerd.services.events.v1",
    table: EVENT_TABLE,
    metadata,
    clock,
  });
  const filters = TOPICS.map((topic) => `namespace=="k8s.io",topic==${JSON.stringify(topic)}`);
  try {
    while (!signal.aborted) {
      const settled = clock.setTimeout(onGap, SETTLE_MS);
      try {
        for await (const envelope of client.stream("Events.Subscribe", { filters }, { signal })) {
          const event = decodeEvent(envelope);
          if (event) onEvent(event);
        }
      } catch (error) {
        if (!signal.aborted) log.debug("containerd's events have ended", { error });
      } finally {
        settled.cancel();
      }
      if (!signal.aborted) await sleep(clock, RETRY_MS, signal).catch(() => {});
    }
  } finally {
    client.close();
  }
}
