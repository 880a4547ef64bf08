import { readdirSync } from "node:fs";
import type { Metrics } from "#apiserver";
import type { Store } from "#store";

const one = (read: () => number) => () => [[[], read()]] as const;

/** Adds what the process and the store say of themselves, under the names that Prometheus' clients use. */
export function addProcessMetrics(metrics: Pick<Metrics, "computed">, store: Store): void {
  metrics.computed(
    "gauge",
    "apiserver_storage_size_bytes",
    "Bytes of the store on disk.",
    ["storage_cluster_id"],
    () => [[["default"], store.size()]],
  );
  metrics.computed(
    "counter",
    "process_cpu_seconds_total",
    "Seconds of processor time, user and system.",
    [],
    one(() => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
  );
  metrics.computed(
    "gauge",
    "process_resident_memory_bytes",
    "Bytes of memory in use.",
    [],
    one(() => process.memoryUsage.rss()),
  );
  metrics.computed(
    "gauge",
    "process_start_time_seconds",
    "When the process began, in seconds since the epoch.",
    [],
    one(() => performance.timeOrigin / 1000),
  );
  metrics.computed("gauge", "process_open_fds", "Open file descriptors.", [], one(openFiles));
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // Only Linux has the list.
    return 0;
  }
}
