/** Asks the APIs of metrics: metrics.k8s.io, custom.metrics.k8s.io, external.metrics.k8s.io (upstream metrics/client.go). */
import type { Client } from "#client";
import {
  compileLabelSelector,
  groupResource,
  hasReason,
  parseDuration,
  parseGroupVersion,
  parseQuantity,
  parseTime,
  scaledQuantity,
  type KubeObject,
  type LabelSelector,
  type ResourceType,
  type V2CrossVersionObjectReference,
  type V2MetricSpec,
} from "#objects";
import type { Reading } from "./proposal.ts";
import type { PodReading } from "./replicas.ts";

/** Of the pods' metrics, as far as they are read. */
interface PodMetrics extends KubeObject {
  readonly timestamp?: string;
  readonly window?: string;
  readonly containers?: readonly { readonly name: string; readonly usage?: Readonly<Record<string, string>> }[];
}

/** MetricValue of custom.metrics.k8s.io and ExternalMetricValue, as far as they are read. */
interface MetricValue extends KubeObject {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  readonly windowSeconds?: number;
  readonly value?: string;
}

export const POD_METRICS: ResourceType<PodMetrics> = {
  group: "metrics.k8s.io",
  version: "v1beta1",
  resource: "pods",
  kind: "PodMetrics",
  namespaced: true,
};

const CUSTOM = "custom.metrics.k8s.io";
const EXTERNAL = "external.metrics.k8s.io";
/** What a metric without a window was measured over. */
const DEFAULT_WINDOW_MS = 60_000;

/** Reads one metric of an autoscaler in `namespace` whose pods `selector` selects. */
export async function readMetric(
  client: Client,
  { resource, containerResource, pods, object, external }: V2MetricSpec,
  { namespace, selector }: { readonly namespace: string; readonly selector: string },
): Promise<Reading> {
  if (resource) return readResource(client, { resource: resource.name, namespace, selector });
  if (containerResource) {
    const { name, container } = containerResource;
    return readResource(client, { resource: name, container, namespace, selector });
  }
  if (pods) return readPods(client, { metric: pods.metric, namespace, selector });
  if (object) return readObject(client, { ...object, namespace });
  if (external) return readExternal(client, { metric: external.metric, namespace });
  return failed("nothing is said of where it comes from");
}

const failed = (problem: string): Reading => ({ type: "failed", problem });
const milliOf = (quantity: string): bigint => scaledQuantity(parseQuantity(quantity), -3);

/** The answer, or a failure in upstream's words. Whatever goes wrong, the other metrics count. */
async function reading(api: string, ask: () => Promise<Reading>): Promise<Reading> {
  try {
    return await ask();
  } catch (error) {
    return failed(`unable to fetch metrics from ${api} metrics API: ${(error as Error).message}`);
  }
}

/** As client libraries say it of what is not served: with the verb and the resource. */
async function served<T>(type: ResourceType, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const { message } = error as Error;
    const isBare = hasReason(error, "NotFound") && message === "the server could not find the requested resource";
    throw isBare ? new Error(`${message} (get ${groupResource(type)})`, { cause: error }) : error;
  }
}

function readResource(
  client: Client,
  wanted: {
    readonly resource: string;
    readonly container?: string;
    readonly namespace: string;
    readonly selector: string;
  },
): Promise<Reading> {
  const { resource, container, namespace, selector } = wanted;
  return reading("resource", async () => {
    const { items } = await served(POD_METRICS, client.list(POD_METRICS, { namespace, labelSelector: selector }));
    if (items.length === 0) return failed("no metrics returned from resource metrics API");
    const pods = new Map<string, PodReading>();
    for (const { metadata, timestamp, window, containers = [] } of items) {
      const counted = container === undefined ? containers : containers.filter(({ name }) => name === container);
      const amounts = counted.map(({ usage }) => usage?.[resource]).filter((amount) => amount !== undefined);
      if (counted.length === 0 || amounts.length < counted.length) continue;
      pods.set(metadata.name ?? "", {
        time: parseTime(timestamp ?? "") ?? 0,
        windowMs: window === undefined ? 0 : parseDuration(window),
        milli: amounts.reduce((sum, amount) => sum + milliOf(amount), 0n),
      });
    }
    return { type: "pods", pods };
  });
}

interface NamedMetric {
  readonly name: string;
  readonly selector?: LabelSelector;
}

const selecting = (selector: LabelSelector | undefined): string => compileLabelSelector(selector ?? {}).toString();

/** Values of custom.metrics.k8s.io, in the version that is served. */
async function customValues(
  client: Client,
  path: { readonly resource: string; readonly namespace: string; readonly name: string; readonly subresource?: string },
  selection: { readonly labelSelector?: string; readonly metricLabelSelector: string },
): Promise<readonly MetricValue[]> {
  const group = (await client.discovery.groups()).find(({ name }) => name === CUSTOM);
  const version = ["v1beta2", "v1beta1"].find((one) => group?.versions.some((served) => served.version === one));
  if (!version) throw new Error(`no custom metrics API (${CUSTOM}) registered`);
  const { resource, subresource, ...key } = path;
  const type: ResourceType<MetricValues> = {
    group: CUSTOM,
    version,
    resource,
    kind: "MetricValueList",
    namespaced: true,
  };
  const { items = [] } = await client.get(type, key, { ...(subresource ? { subresource } : {}), ...selection });
  return items;
}

interface MetricValues extends KubeObject {
  readonly items?: readonly MetricValue[];
}

function readPods(
  client: Client,
  {
    metric,
    namespace,
    selector,
  }: { readonly metric: NamedMetric; readonly namespace: string; readonly selector: string },
): Promise<Reading> {
  return reading("custom", async () => {
    const items = await customValues(
      client,
      { resource: "pods", namespace, name: "*", subresource: metric.name },
      { labelSelector: selector, metricLabelSelector: selecting(metric.selector) },
    );
    if (items.length === 0) return failed("no metrics returned from custom metrics API");
    const pods = items.map(({ describedObject, timestamp, windowSeconds, value = "0" }) => {
      const windowMs = windowSeconds === undefined ? DEFAULT_WINDOW_MS : windowSeconds * 1000;
      const one: PodReading = { time: parseTime(timestamp ?? "") ?? 0, windowMs, milli: milliOf(value) };
      return [describedObject?.name ?? "", one] as const;
    });
    return { type: "pods", pods: new Map(pods) };
  });
}

function readObject(
  client: Client,
  wanted: {
    readonly metric: NamedMetric;
    readonly describedObject: V2CrossVersionObjectReference;
    readonly namespace: string;
  },
): Promise<Reading> {
  const { metric, describedObject, namespace } = wanted;
  return reading("custom", async () => {
    const { group } = parseGroupVersion(describedObject.apiVersion ?? "");
    const { kind, name } = describedObject;
    const found = await client.discovery.find({ group, kind });
    if (!found) {
      const problem = `no matches for kind "${kind}" in group "${group}"`;
      throw new Error(`unable to map kind ${group ? `${kind}.${group}` : kind} to resource: ${problem}`);
    }
    // A namespace describes itself, whatever its name: an autoscaler does not look beyond its own.
    const isNamespace = group === "" && kind === "Namespace";
    const path = isNamespace
      ? { resource: "metrics", namespace, name: metric.name }
      : { resource: groupResource(found), namespace, name, subresource: metric.name };
    const items = await customValues(client, path, { metricLabelSelector: selecting(metric.selector) });
    const [value] = items;
    if (!value || items.length > 1) {
      throw new Error(`the custom metrics API server returned ${items.length} results when we asked for exactly one`);
    }
    return { type: "values", values: [milliOf(value.value ?? "0")] };
  });
}

function readExternal(
  client: Client,
  { metric, namespace }: { readonly metric: NamedMetric; readonly namespace: string },
): Promise<Reading> {
  return reading("external", async () => {
    const type: ResourceType<MetricValue> = {
      group: EXTERNAL,
      version: "v1beta1",
      resource: metric.name,
      kind: "ExternalMetricValue",
      namespaced: true,
    };
    const { items } = await served(type, client.list(type, { namespace, labelSelector: selecting(metric.selector) }));
    if (items.length === 0) return failed("no metrics returned from external metrics API");
    return { type: "values", values: items.map(({ value = "0" }) => milliOf(value)) };
  });
}
