import { systemClock } from "#base";
import type { LoadClient } from "../http/connection.ts";
import { objectsOfWatch } from "../http/events.ts";

const PATIENCE_MS = 180_000;

/** How a watcher counts objects of a list that are as they should be. */
export interface Tally<T> {
  /** Path of the list, with its query. */
  readonly path: string;
  readonly isDone: (object: T) => boolean;
}

interface Named {
  readonly metadata: { readonly name: string };
}

const watchPath = (path: string) => `${path}${path.includes("?") ? "&" : "?"}watch=1`;

/** Resolves when `count` objects of the list are done at the same time. Rejects after three minutes. */
export async function untilDone<T extends Named>(
  client: LoadClient,
  { path, isDone }: Tally<T>,
  count = 1,
): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const done = new Set<string>();
  const late = systemClock.setTimeout(
    () => reached.reject(new Error(`${path}: only ${done.size} of ${count} come about`)),
    PATIENCE_MS,
  );
  const watch = client.watch(
    watchPath(path),
    objectsOfWatch<T>((type, object) => {
      if (type !== "DELETED" && isDone(object)) done.add(object.metadata.name);
      else done.delete(object.metadata.name);
      if (done.size >= count) reached.resolve();
    }),
  );
  try {
    await reached.promise;
  } finally {
    late.cancel();
    watch.close();
  }
}
