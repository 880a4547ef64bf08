import type { Registry } from "#registry";
import type { RequestInfo } from "./http/request-info.ts";
import { createMetrics, type Cell, type HistogramCell, type Metrics } from "./metrics.ts";

/** Counts requests under upstream's names (apiserver endpoints/metrics). */
export interface RequestMetrics {
  readonly metrics: Metrics;
  /** A short request is under way. */
  began(mutating: boolean): void;
  ended(mutating: boolean): void;
  /** A request has its answer, `seconds` since it came; long-running ones (watches, connects) count no duration. */
  answered(info: RequestInfo | undefined, code: number, dryRun: boolean, seconds: number): void;
  /** A long-running request begins; the result ends it. */
  longRunning(info: RequestInfo): () => void;
}

/** Upstream's bounds in seconds. */
const DURATIONS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

const VERBS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};

interface Recorder {
  readonly total: Cell;
  readonly duration: HistogramCell | undefined;
}

/** Makes the API server's metrics. */
export function createRequestMetrics(registry: Registry): RequestMetrics {
  const metrics = createMetrics();
  const labels = ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"];
  const totals = metrics.counter(
    "apiserver_request_total",
    "Requests by verb, dry run, group, version, resource, scope, component and HTTP code.",
    [...labels, "code"],
  );
  const durations = metrics.histogram(
    "apiserver_request_duration_seconds",
    "Seconds from a request to its answer, by verb, dry run, group, version, resource, subresource, scope and component.",
    labels,
    DURATIONS,
  );
  const inFlight = metrics.gauge(
    "apiserver_current_inflight_requests",
    "Requests now under way, by kind: those that change something and those that only read.",
    ["request_kind"],
  );
  const cells = { mutating: inFlight.at("mutating"), readOnly: inFlight.at("readOnly") };
  const longRunning = metrics.gauge(
    "apiserver_longrunning_requests",
    "Watches and connections that are open, by verb, group, version, resource, scope and component.",
    ["verb", "group", "version", "resource", "subresource", "scope", "component"],
  );
  metrics.computed(
    "gauge",
    "apiserver_storage_objects",
    "Stored objects by group and resource.",
    ["group", "resource"],
    function* () {
      for (const { definition, count } of registry.resources()) {
        if (!definition.compute && !definition.computedObjects) yield [[definition.group, definition.resource], count];
      }
    },
  );
  metrics.computed(
    "gauge",
    "apiserver_resource_objects",
    "Stored objects by group and resource.",
    ["group", "resource"],
    function* () {
      for (const { definition, count } of registry.resources()) {
        if (!definition.compute && !definition.computedObjects) yield [[definition.group, definition.resource], count];
      }
    },
  );

  const recorders = new Map<string, Recorder>();
  const recorderOf = (info: RequestInfo | undefined, code: number, dryRun: boolean): Recorder => {
    const isResource = info?.isResource ?? false;
    const scope = info ? scopeOf(info) : "";
    const key = isResource
      ? `${info!.verb}|${code}|${dryRun}|${info!.group}|${info!.version}|${info!.resource}|${info!.subresource}|${scope}`
      : `${info?.verb}|${code}`;
    let recorder = recorders.get(key);
    if (!recorder) {
      const verb = VERBS[info?.verb ?? ""] ?? (isResource ? "other" : (info?.verb.toUpperCase() ?? "other"));
      const values = [
        verb,
        dryRun ? "All" : "",
        isResource ? info!.group : "",
        isResource ? info!.version : "",
        isResource ? info!.resource : "",
        isResource ? info!.subresource : "",
        scope,
        "apiserver",
      ];
      recorder = {
        total: totals.at(...values, String(code)),
        duration: info?.isLongRunning ? undefined : durations.at(...values),
      };
      // Paths that are not served must not grow this without bound: only what is served is remembered by name.
      if (recorders.size < 20_000) recorders.set(key, recorder);
    }
    return recorder;
  };

  return {
    metrics,
    began(mutating) {
      (mutating ? cells.mutating : cells.readOnly).value++;
    },
    ended(mutating) {
      (mutating ? cells.mutating : cells.readOnly).value--;
    },
    answered(info, code, dryRun, seconds) {
      const served = info?.isResource && code === 404 && !registry.resource(info.group, info.resource);
      const recorder = recorderOf(served ? undefined : info, code, dryRun);
      recorder.total.value++;
      recorder.duration?.observe(seconds);
    },
    longRunning(info) {
      const cell = longRunning.at(
        VERBS[info.verb] ?? "CONNECT",
        info.group,
        info.version,
        info.resource,
        info.subresource,
        scopeOf(info),
        "apiserver",
      );
      cell.value++;
      let open = true;
      return () => {
        if (open) cell.value--;
        open = false;
      };
    },
  };
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.name && info.verb !== "list" && info.verb !== "watch") return "resource";
  return info.namespace ? "namespace" : "cluster";
}
