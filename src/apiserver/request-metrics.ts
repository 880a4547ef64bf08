import type { Registry } from "#registry";
import type { RequestInfo } from "./http/request-info.ts";
import { createMetrics, type Cell, type HistogramCell, type Metrics } from "./metrics.ts";
import { subresourceOf } from "./target.ts";

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

const LABELS = ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"] as const;

/** Makes the API server's metrics. */
export function createRequestMetrics(registry: Registry): RequestMetrics {
  const metrics = createMetrics();
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
  const answers = new AnswerCells(metrics);
  countObjects(metrics, registry);
  return {
    metrics,
    began(mutating) {
      (mutating ? cells.mutating : cells.readOnly).value++;
    },
    ended(mutating) {
      (mutating ? cells.mutating : cells.readOnly).value--;
    },
    answered(info, code, dryRun, seconds) {
      const { total, duration } = answers.of(info && countedAs(info, registry), code, dryRun);
      total.value++;
      duration?.observe(seconds);
    },
    longRunning(info) {
      const { verb, group, version, resource, subresource } = info;
      const name = VERBS[verb] ?? "CONNECT";
      const cell = longRunning.at(name, group, version, resource, subresource, scopeOf(info), "apiserver");
      cell.value++;
      let open = true;
      return () => {
        if (open) cell.value--;
        open = false;
      };
    },
  };
}

/** Methods; all others are counted as one. */
const METHODS = new Set(["get", "head", "post", "put", "patch", "delete", "options", "connect", "trace"]);

/** Series are kept for good: they are made of what is served, and not of what clients write. */
function countedAs(info: RequestInfo, registry: Registry): RequestInfo {
  const { verb, isResource, group, version, resource, subresource } = info;
  const definition = isResource ? registry.resolve(group, version, resource)?.resource.definition : undefined;
  if (definition && (subresource === "" || subresourceOf(definition, subresource))) return info;
  const isKnown = VERBS[verb] !== undefined || METHODS.has(verb);
  return { ...info, isResource: false, verb: isKnown ? verb : "other" };
}

/** The same figure under both of upstream's names. */
function countObjects(metrics: Metrics, registry: Registry): void {
  for (const name of ["apiserver_storage_objects", "apiserver_resource_objects"]) {
    metrics.computed("gauge", name, "Stored objects by group and resource.", ["group", "resource"], function* () {
      for (const { definition, count } of registry.resources()) {
        if (!definition.compute && !definition.computedObjects) yield [[definition.group, definition.resource], count];
      }
    });
  }
}

interface AnswerCell {
  readonly total: Cell;
  readonly duration: HistogramCell | undefined;
}

/** What is counted by answers: the cells of each kind of request, found by one look-up. */
class AnswerCells {
  readonly #totals;
  readonly #durations;
  readonly #cells = new Map<string, AnswerCell>();

  constructor(metrics: Metrics) {
    this.#totals = metrics.counter(
      "apiserver_request_total",
      "Requests by verb, dry run, group, version, resource, scope, component and HTTP code.",
      [...LABELS, "code"],
    );
    this.#durations = metrics.histogram(
      "apiserver_request_duration_seconds",
      "Seconds from a request to its answer, by verb, dry run, group, version, resource, subresource, scope and component.",
      LABELS,
      DURATIONS,
    );
  }

  of(info: RequestInfo | undefined, code: number, dryRun: boolean): AnswerCell {
    const key = keyOf(info, code, dryRun);
    const known = this.#cells.get(key);
    if (known) return known;
    const labels = labelsOf(info, dryRun);
    const cell = {
      total: this.#totals.at(...labels, String(code)),
      duration: info?.isLongRunning ? undefined : this.#durations.at(...labels),
    };
    this.#cells.set(key, cell);
    return cell;
  }
}

function keyOf(info: RequestInfo | undefined, code: number, dryRun: boolean): string {
  if (!info?.isResource) return `${info?.verb}|${code}`;
  const { verb, group, version, resource, subresource } = info;
  return `${verb}|${code}|${dryRun}|${group}|${version}|${resource}|${subresource}|${scopeOf(info)}`;
}

/** The values of {@link LABELS}. */
function labelsOf(info: RequestInfo | undefined, dryRun: boolean): string[] {
  const verb = VERBS[info?.verb ?? ""];
  const all = dryRun ? "All" : "";
  const method = info && METHODS.has(info.verb) ? info.verb.toUpperCase() : "other";
  if (!info?.isResource) return [verb ?? method, all, "", "", "", "", "", "apiserver"];
  const { group, version, resource, subresource } = info;
  return [verb ?? "other", all, group, version, resource, subresource, scopeOf(info), "apiserver"];
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.name && info.verb !== "list" && info.verb !== "watch") return "resource";
  return info.namespace ? "namespace" : "cluster";
}
