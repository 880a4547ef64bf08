import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import { createHttpClient } from "#client";
import type { V2MetricSpec } from "#objects";
import { readMetric } from "./metrics-api.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** What an adapter of metrics serves, as discovery tells of it. */
const group = (name: string, version: string) => ({
  metadata: { name },
  versions: [{ version, freshness: "Current", resources: [] }],
});
const CORE = {
  metadata: { name: "" },
  versions: [
    {
      version: "v1",
      freshness: "Current",
      resources: ["pods/Pod", "services/Service"].map((text) => {
        const [resource = "", kind = ""] = text.split("/");
        const responseKind = { group: "", version: "v1", kind };
        return { resource, responseKind, scope: "Namespaced", singularResource: kind.toLowerCase(), verbs: ["get"] };
      }),
    },
  ],
};

/** A client of a server that answers these paths, and 404 to all others. */
function clientOf(answers: Readonly<Record<string, object>>) {
  const asked: string[] = [];
  const client = createHttpClient({
    clock: createVirtualClock(),
    transport: ({ path }) => {
      asked.push(decodeURIComponent(path.replaceAll("+", " ")));
      const found = answers[path.replace(/\?.*$/, "")];
      const body = found ?? {
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        reason: "NotFound",
        code: 404,
        message: "the server could not find the requested resource",
      };
      return Promise.resolve({
        status: found ? 200 : 404,
        header: (name: string) => (name === "content-type" ? "application/json" : undefined),
        body: (async function* () {
          yield encode(JSON.stringify(body));
        })(),
      });
    },
  });
  return { client, asked };
}

const discovery = (...groups: readonly object[]) => ({ kind: "APIGroupDiscoveryList", items: groups });
const WHERE = { namespace: "shop", selector: "app=web" };

const CPU: V2MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
};
const PODS_METRIC: V2MetricSpec = {
  type: "Pods",
  pods: {
    metric: { name: "requests", selector: { matchLabels: { verb: "GET" } } },
    target: { type: "AverageValue", averageValue: "10" },
  },
};
const OBJECT: V2MetricSpec = {
  type: "Object",
  object: {
    describedObject: { apiVersion: "v1", kind: "Service", name: "web" },
    metric: { name: "hits" },
    target: { type: "Value", value: "10" },
  },
};
const EXTERNAL: V2MetricSpec = {
  type: "External",
  external: {
    metric: { name: "queue", selector: { matchLabels: { name: "a" } } },
    target: { type: "AverageValue", averageValue: "10" },
  },
};

test("metrics that no server has are told of in upstream's words", async () => {
  const { client } = clientOf({ "/apis": discovery(), "/api": discovery(CORE) });
  const problemOf = async (metric: V2MetricSpec) => {
    const reading = await readMetric(client, metric, WHERE);
    return reading.type === "failed" ? reading.problem : reading.type;
  };
  const custom =
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
  assert.equal(
    await problemOf(CPU),
    "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
  );
  assert.equal(await problemOf(PODS_METRIC), custom);
  assert.equal(await problemOf(OBJECT), custom);
  assert.equal(
    await problemOf(EXTERNAL),
    "unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)",
  );
});

test("what pods use is the sum of their containers, or of the one that is named", async () => {
  const metrics = (name: string, ...containers: readonly object[]) => ({
    metadata: { name, namespace: "shop" },
    timestamp: "2026-01-01T00:00:15Z",
    window: "15.5s",
    containers,
  });
  const items = [
    metrics("a", { name: "web", usage: { cpu: "100m" } }, { name: "side", usage: { cpu: "1500u" } }),
    metrics("b", { name: "web", usage: { cpu: "1" } }, { name: "side", usage: {} }),
    metrics("c"),
  ];
  const { client, asked } = clientOf({ "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods": { metadata: {}, items } });
  const milli = async (metric: V2MetricSpec) => {
    const reading = await readMetric(client, metric, WHERE);
    return reading.type === "pods" ? [...reading.pods].map(([name, one]) => [name, one.milli]) : reading;
  };
  assert.deepEqual(await milli(CPU), [["a", 102n]]);
  const container: V2MetricSpec = {
    type: "ContainerResource",
    containerResource: { name: "cpu", container: "web", target: { type: "Utilization", averageUtilization: 50 } },
  };
  assert.deepEqual(await milli(container), [
    ["a", 100n],
    ["b", 1000n],
  ]);
  assert.equal(asked[0], "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app=web");
});

test("custom and external metrics are asked for as adapters serve them", async () => {
  const value = (name: string, amount: string) => ({
    describedObject: { kind: "Pod", name },
    timestamp: "2026-01-01T00:00:15Z",
    value: amount,
  });
  const { client, asked } = clientOf({
    "/apis": discovery(group("custom.metrics.k8s.io", "v1beta1"), group("external.metrics.k8s.io", "v1beta1")),
    "/api": discovery(CORE),
    "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/pods/*/requests": {
      metadata: {},
      items: [value("a", "12500m"), value("b", "7")],
    },
    "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/web/hits": {
      metadata: {},
      items: [value("web", "3k")],
    },
    "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue": {
      metadata: {},
      items: [{ value: "4" }, { value: "500m" }],
    },
  });
  const time = Date.UTC(2026, 0, 1, 0, 0, 15);
  assert.deepEqual(await readMetric(client, PODS_METRIC, WHERE), {
    type: "pods",
    pods: new Map([
      ["a", { time, windowMs: 60_000, milli: 12_500n }],
      ["b", { time, windowMs: 60_000, milli: 7000n }],
    ]),
  });
  assert.deepEqual(await readMetric(client, OBJECT, WHERE), { type: "values", values: [3_000_000n] });
  assert.deepEqual(await readMetric(client, EXTERNAL, WHERE), { type: "values", values: [4000n, 500n] });
  const paths = asked.filter((path) => path.includes("metrics.k8s.io/"));
  assert.deepEqual(paths, [
    "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/pods/*/requests?labelSelector=app=web&metricLabelSelector=verb=GET",
    "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/web/hits",
    "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue?labelSelector=name=a",
  ]);
});
