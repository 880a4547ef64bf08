import { sleep, unlessAborted, type Clock, type Log, type Random } from "#base";
import type { KubeObject, ResourceType } from "#objects";
import type { CacheWriter } from "./cache.ts";
import { step, type Effect, type Event, type State, type Step } from "./list-watch.ts";
import type { Client, Selection, WatchEvent } from "./port.ts";

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Client;
  readonly type: ResourceType<T>;
  readonly selection: Selection;
  readonly writer: CacheWriter<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The server is asked to end a watch after 5 to 10 minutes, so that load spreads over servers again. */
const WATCH_SECONDS = 300;

/** Keeps a cache by list and watch until the signal aborts. Never rejects. */
export async function reflect<T extends KubeObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  let state: State<T> = { phase: "idle" };
  const pending: Event<T>[] = [{ type: "start" }];
  while (!signal.aborted) {
    const event = pending.shift();
    if (!event) return;
    const next: Step<T> = step(state, event);
    state = next.state;
    for (const effect of next.effects) {
      const answer = await carryOut(effect, options, signal, async (received) => {
        // The state only has to remember how far the watch has come: nothing can be pending meanwhile.
        const taken = step(state, received);
        state = taken.state;
        for (const immediate of taken.effects) {
          if (immediate.type === "apply") apply(options.writer, immediate.events);
          else await carryOut(immediate, options, signal, () => Promise.resolve());
        }
      });
      if (answer) pending.push(answer);
    }
  }
}

async function carryOut<T extends KubeObject>(
  effect: Effect<T>,
  options: ReflectorOptions<T>,
  signal: AbortSignal,
  receive: (event: Event<T>) => Promise<void>,
): Promise<Event<T> | undefined> {
  const { client, type, selection, writer, clock, random, log } = options;
  switch (effect.type) {
    case "list":
      try {
        const { continue: next, resourceVersion } = effect.from;
        const list = client.list(type, {
          ...selection,
          limit: effect.limit,
          ...(next ? { continue: next } : { resourceVersion }),
        });
        // Stopping does not wait for an answer that may take a minute.
        return { type: "listed", list: await unlessAborted(list, signal) };
      } catch (error) {
        return signal.aborted ? { type: "stop" } : { type: "list-failed", error };
      }
    case "replace":
      await replace(writer, effect.objects, effect.resourceVersion, clock, signal);
      return undefined;
    case "apply":
      apply(writer, effect.events);
      return undefined;
    case "stream":
    case "watch": {
      const start = clock.monotonic();
      let silent = true;
      try {
        const batches = client.watch(type, {
          ...selection,
          resourceVersion: effect.resourceVersion,
          ...(effect.type === "stream" ? { sendInitialEvents: true } : {}),
          allowWatchBookmarks: true,
          timeoutSeconds: Math.round(WATCH_SECONDS * (1 + random.next())),
          signal,
        });
        for await (const events of batches) {
          if (signal.aborted) return { type: "stop" };
          silent = false;
          await receive({ type: "received", events });
        }
        return { type: "watch-ended", lastedMs: clock.monotonic() - start, silent };
      } catch (error) {
        return signal.aborted ? { type: "stop" } : { type: "watch-failed", error };
      }
    }
    case "wait":
      try {
        await sleep(clock, effect.ms * (1 + random.next()), signal);
        return { type: "timer" };
      } catch {
        return { type: "stop" };
      }
    case "report":
      if (!signal.aborted) log.warn(effect.message, { resource: type.resource, error: effect.error });
      return undefined;
  }
}

function apply<T extends KubeObject>(writer: CacheWriter<T>, events: readonly WatchEvent<T>[]): void {
  for (const event of events) {
    if (event.type === "BOOKMARK") {
      writer.advance(event.resourceVersion);
      continue;
    }
    if (event.type === "DELETED") writer.remove(event.object);
    else writer.put(event.object);
    writer.advance(event.object.metadata.resourceVersion ?? "");
  }
}

async function replace<T extends KubeObject>(
  writer: CacheWriter<T>,
  objects: readonly T[],
  resourceVersion: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const _ of writer.replace(objects, resourceVersion)) {
    await sleep(clock, 0);
    if (signal.aborted) return;
  }
}
