import type { LoadClient } from "../http/connection.ts";
import { objectsOfWatch } from "../http/events.ts";

interface PodSeen {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Counts the Pods of a selection that can serve, at every change. */
export interface AvailablePods {
  readonly now: number;
  /** The least since the last reset. */
  readonly lowest: number;
  reset(): void;
  close(): void;
}

export function watchAvailablePods(client: LoadClient, path: string): AvailablePods {
  const available = new Set<string>();
  let lowest = 0;
  const watch = client.watch(
    path,
    objectsOfWatch<PodSeen>((type, { metadata, status }) => {
      const ready = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
      if (ready && type !== "DELETED" && !metadata.deletionTimestamp) available.add(metadata.name);
      else available.delete(metadata.name);
      lowest = Math.min(lowest, available.size);
    }),
  );
  return {
    get now() {
      return available.size;
    },
    get lowest() {
      return lowest;
    },
    reset: () => (lowest = available.size),
    close: () => watch.close(),
  };
}
